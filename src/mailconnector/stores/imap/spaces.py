"""Where other users' and shared mailboxes stand in the tree of folders: at the top, under their owners' names.

=========================  ==========================  ====================================
mailbox                    in the namespace            folder
=========================  ==========================  ====================================
``shared/alice/Proj/Old``  ``shared/`` of others       Shared folders / alice / Proj / Old
``shared/alice/INBOX``     ``shared/`` of others       Shared folders / alice / Inbox
``user.alice``             ``user.`` of others         Shared folders / alice / Inbox
``Public/News``            ``Public/`` of nobody       Public folders / News
=========================  ==========================  ====================================

The folders above a mailbox that are no mailboxes are made up, and called so as the user's own folders are: in Outlook's
languages. The id of "Shared folders" is the namespace's prefix and
that of an owner's folder the prefix of the owner's mailboxes, each with the separator at its end, which no mailbox's
name has.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mailconnector.sync.store import ROOT


@dataclass(frozen=True, slots=True)
class Titles:
    """What made-up folders, and somebody's Inbox, are called."""

    others: str
    public: str
    inbox: str


ENGLISH = Titles("Shared folders", "Public folders", "Inbox")
TITLES: Mapping[str, Titles] = {
    "en": ENGLISH,
    "de": Titles("Freigegebene Ordner", "Öffentliche Ordner", "Posteingang"),
    "fr": Titles("Dossiers partagés", "Dossiers publics", "Boîte de réception"),
    "it": Titles("Cartelle condivise", "Cartelle pubbliche", "Posta in arrivo"),
    "es": Titles("Carpetas compartidas", "Carpetas públicas", "Bandeja de entrada"),
}
"""By language ([ISO 639-1])."""


@dataclass(frozen=True, slots=True)
class Space:
    """A namespace that is not the user's own.

    Attributes:
        prefix: What its mailboxes' names begin with; may be empty.
        separator: Between the names of a mailbox and of one in it; empty where there are no mailboxes in others.
        has_owners: The name behind the prefix is the owner's.
        titles: What the folders are called that are made up.
    """

    prefix: str
    separator: str
    has_owners: bool
    titles: Titles = ENGLISH

    @property
    def top(self) -> str:
        """The id of the folder at the top that all of it is in."""
        return self.prefix or self.separator

    @property
    def title(self) -> str:
        """What that folder is called."""
        return self.titles.others if self.has_owners else self.titles.public

    def owner(self, name: str) -> str:
        """Return whose a mailbox is, or a made-up folder: the owner's login; where it is nobody's, the space itself."""
        if not self.separator or not self.has_owners or name == self.top:
            return self.top
        return name[len(self.prefix) :].partition(self.separator)[0] or self.top

    def is_made_up(self, name: str) -> bool:
        """Tell whether a folder can be no mailbox: it stands for the space, or for one of its owners."""
        return bool(self.separator) and name.endswith(self.separator)

    def is_inbox(self, name: str) -> bool:
        """Tell whether a mailbox is its owner's Inbox, by either of the names that it may have."""
        if not self.has_owners or not self.separator:
            return False
        _, _, inner = name[len(self.prefix) :].partition(self.separator)
        return not self.is_made_up(name) and (not inner or inner.upper() == "INBOX")

    def split(self, name: str) -> tuple[str, str]:
        """Return the parent's id and the own name of a mailbox, or of a folder that was made up."""
        if not self.separator:
            return ROOT, name
        if name in (self.top, self.prefix.removesuffix(self.separator)):
            return ROOT, self.title
        rest = name[len(self.prefix) :]
        if not self.has_owners:
            above, _, own = rest.rpartition(self.separator)
            return (self.prefix + above if above else self.top), own
        login, _, inner = rest.partition(self.separator)
        container = f"{self.prefix}{login}{self.separator}"
        if name == container:
            return self.top, login
        if self.is_inbox(name):
            return container, self.titles.inbox
        above, _, own = inner.rpartition(self.separator)
        return (container + above if above else container), own

    def join(self, parent: str, name: str) -> str:
        """Return the name of a mailbox in a folder."""
        if parent == self.top:
            return self.prefix + name
        return parent + name if parent.endswith(self.separator) else f"{parent}{self.separator}{name}"
