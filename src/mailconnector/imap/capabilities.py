"""What a server says that it can do, and what follows from it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

# What IMAP4rev2 includes of the extensions to rev1 (RFC 9051 appendix E), as far as we ask for it.
_REV2 = frozenset(
    {
        "BINARY",
        "ENABLE",
        "ESEARCH",
        "IDLE",
        "LIST-EXTENDED",
        "LIST-STATUS",
        "LITERAL-",
        "MOVE",
        "NAMESPACE",
        "SASL-IR",
        "SEARCHRES",
        "SPECIAL-USE",
        "STATUS=SIZE",
        "UIDPLUS",
        "UNSELECT",
    }
)


@dataclass(frozen=True, slots=True)
class Capabilities:
    """The capabilities of a session at one moment; they change with TLS and with the login.

    Attributes:
        names: in capitals, as they were sent.
    """

    names: frozenset[str] = frozenset()

    @classmethod
    def of(cls, words: Iterable[str]) -> Capabilities:
        """Make them of words in any case."""
        return cls(frozenset(word.upper() for word in words))

    def __contains__(self, name: object) -> bool:
        if name in self.names:
            return True
        if name == "CONDSTORE":  # RFC 7162 section 3.2.3
            return "QRESYNC" in self.names
        if name == "METADATA-SERVER":
            return "METADATA" in self.names
        return name in _REV2 and "IMAP4REV2" in self.names

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self.names))

    def __bool__(self) -> bool:
        return bool(self.names)

    def value(self, name: str) -> str | None:
        """What follows ``NAME=``, or None: ``value("RIGHTS")`` is ``"texk"``-like, in lower case."""
        return _value(self.names, name)

    @property
    def mechanisms(self) -> frozenset[str]:
        """The SASL mechanisms, in capitals."""
        return frozenset(word[5:] for word in self.names if word.startswith("AUTH="))

    @property
    def literal_limit(self) -> int:
        """The longest literal in bytes that may be sent without being asked for (RFC 7888)."""
        if "LITERAL+" in self.names:
            return 1 << 62
        return 4096 if "LITERAL-" in self else 0

    @property
    def append_limit(self) -> int | None:
        """The longest message in bytes that the server takes (RFC 7889), or None where it names none."""
        limit = self.value("APPENDLIMIT")
        return int(limit) if limit and limit.isdigit() and len(limit) < 20 else None


@lru_cache(maxsize=64)
def _value(names: frozenset[str], name: str) -> str | None:
    """Return what `Capabilities.value` does; for each message that is put in somebody asks how long one may be."""
    prefix = name + "="
    return next((word[len(prefix) :].lower() for word in sorted(names) if word.startswith(prefix)), None)
