r"""Paths of folders as people write them: names divided by "/", in a name "\/" for a slash and "\\" for a backslash."""

import re

_ESCAPED = re.compile(r"\\([/\\])")
_PARTS = re.compile(r"(?:\\[/\\]|[^/])+")


def split_path(path: str) -> tuple[str, ...]:
    """Return the names in a path; empty ones, as between two slashes, are left out."""
    return tuple(_ESCAPED.sub(r"\1", part) for part in _PARTS.findall(path))


def join_path(names: tuple[str, ...]) -> str:
    """Return the path of names, such that `split_path` gives them back."""
    return "/".join(_escaped(name) for name in names)


def _escaped(name: str) -> str:
    # A backslash alone stands for itself: only those that would be read as an escape are doubled.
    return re.sub(r"\\(?=[/\\]|$)", r"\\\\", name).replace("/", r"\/")
