"""Who is meant by an entry of an access control list, in the dialects that servers have.

RFC 4314 knows a user by login, `anyone`, and a minus before either that takes rights away. Groups are each server's
own: `$staff` to Dovecot, `group:staff` to Cyrus; over IMAP Courier has none. Dovecot and Courier have `owner` besides,
Dovecot `authenticated`, and `!$staff` for a group whose entry counts more than those of its members, Courier
`administrators`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, IntEnum

from mailconnector.app.errors import AppUsageError
from mailconnector.imap.access import ANYONE
from mailconnector.imap.quirks import Quirk

GROUP_WORD = "group:"
"""How a user writes a group, whatever the server calls it."""


class Rank(IntEnum):
    """Whom an identifier is about, the more special the higher."""

    ANYONE = 1
    LOGGED_IN = 2
    GROUP = 3
    OWNER = 4
    USER = 5
    GROUP_OVERRIDE = 6


class Combining(Enum):
    """How the rights of several entries that are about the same user combine.

    Attributes:
        UNION: All of them together (RFC 4314 section 2 leaves it open; Cyrus).
        SPECIAL: Those of the most special entries alone; of those that deny, too (Dovecot).
    """

    UNION = "union"
    SPECIAL = "special"


@dataclass(frozen=True, slots=True)
class Dialect:
    """What a kind of server makes of identifiers.

    Attributes:
        group_prefix: what a group's name begins with; empty where there are no groups.
        override_prefix: the same of a group that counts more than its members; empty where there are none.
        words: identifiers with a meaning of their own.
        operators: groups of those who run the server: an entry for them is in every list and shares nothing.
        combining: how entries combine.
        folds: logins are compared in lower case, and so kept.
    """

    group_prefix: str
    override_prefix: str
    words: dict[str, Rank]
    operators: frozenset[str]
    combining: Combining
    folds: bool

    def rank(self, identifier: str) -> tuple[Rank, str]:
        """Return whom an identifier is about, and the name of the user or group; without the minus before it."""
        bare = identifier.removeprefix("-")
        if bare in self.words:
            return self.words[bare], ""
        if bare in self.operators:
            return Rank.GROUP, bare
        if self.override_prefix and bare.startswith(self.override_prefix):
            return Rank.GROUP_OVERRIDE, bare[len(self.override_prefix) :]
        if self.group_prefix and bare.startswith(self.group_prefix):
            return Rank.GROUP, bare[len(self.group_prefix) :]
        return Rank.USER, bare

    def identifier(self, who: str, *, deny: bool = False) -> str:
        """Return the identifier that a user means.

        Args:
            who: a login, `anyone`, or a group as `group:NAME`; what the server itself calls somebody does too.
            deny: an entry that takes rights away.

        Raises:
            AppUsageError: nobody can be called that, or the server has no groups.
        """
        bare = who.strip()
        if not bare or not bare.isprintable():
            raise AppUsageError(f"{who!r} is nobody's login")
        if bare.startswith("-"):
            raise AppUsageError(f"a login does not begin with a minus: {who}", hint="--deny takes rights away.")
        if bare.startswith(("#", "@")) and self.combining is Combining.SPECIAL:
            raise AppUsageError(f"{who} names entries that are the administrator's of the server")
        if bare.startswith(GROUP_WORD):
            if not self.group_prefix:
                raise AppUsageError(
                    "it is not known how this server calls groups", hint="Write the group as the server has it."
                )
            bare = self.group_prefix + bare[len(GROUP_WORD) :]
        elif bare.casefold() == ANYONE:
            bare = ANYONE
        return f"-{bare}" if deny else bare

    def shown(self, identifier: str) -> str:
        """Return an identifier as a user writes it, without the minus before it."""
        rank, name = self.rank(identifier)
        is_group = rank is Rank.GROUP and name not in self.operators
        return GROUP_WORD + name if is_group else identifier.removeprefix("-")

    def same_login(self, one: str, other: str) -> bool:
        """Tell whether two logins are one."""
        return one.casefold() == other.casefold() if self.folds else one == other


_WORDS = {ANYONE: Rank.ANYONE}
DOVECOT = Dialect(
    "$",
    "!$",
    {**_WORDS, "anonymous": Rank.ANYONE, "authenticated": Rank.LOGGED_IN, "owner": Rank.OWNER},
    frozenset(),
    Combining.SPECIAL,
    folds=False,
)
CYRUS = Dialect("group:", "", {**_WORDS, "anonymous": Rank.ANYONE}, frozenset(), Combining.UNION, folds=True)
COURIER = Dialect(
    "",
    "",
    {**_WORDS, "anonymous": Rank.ANYONE, "owner": Rank.OWNER},
    frozenset({"administrators"}),
    Combining.UNION,
    folds=False,
)
STANDARD = Dialect("", "", _WORDS, frozenset(), Combining.UNION, folds=False)


def dialect_of(quirks: frozenset[Quirk], *, adds_up: bool = False) -> Dialect:
    """Return the dialect of a server by its oddities, which tell what it is.

    Args:
        quirks: the oddities.
        adds_up: the server says ACL2=UNION, which is Courier's way of saying that all entries count together.
    """
    if adds_up:
        return COURIER
    if Quirk.STATUS_HAS_GUID in quirks:
        return DOVECOT
    return CYRUS if Quirk.STATUS_MAILBOXID_IS_GARBAGE in quirks else STANDARD
