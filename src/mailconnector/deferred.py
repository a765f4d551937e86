"""Packages whose parts are loaded when they are first used ([PEP 562]).

A command that lists folders needs no calendars, and a process that parses mail needs no database: what a package offers
beside the rest and is dear to load stands in its `__init__` under `TYPE_CHECKING`, and is found by this at run time.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib import import_module


def deferred(package: str, **modules: str) -> Callable[[str], object]:
    """Return the `__getattr__` of a package.

    Args:
        package: Its full name.
        modules: For each name that it offers, the module within it that has it.
    """

    def get(name: str) -> object:
        if name not in modules:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        found = getattr(import_module(f"{package}.{modules[name]}"), name)
        setattr(sys.modules[package], name, found)
        return found

    return get
