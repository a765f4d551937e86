"""A card while it is read: lines are taken out as fields want them, and what nobody took is kept."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from mailconnector.formats.card.lines import Line, escape, line
from mailconnector.items import Flags, Mail, Sensitivity

# How programs name lines of one group: Apple's own words are between marks.
_LABEL = "X-ABLABEL"
_OF_GROUPS = frozenset({_LABEL, "X-ABADR"})

_CLASSES = {
    Sensitivity.PERSONAL: "X-PERSONAL",
    Sensitivity.PRIVATE: "PRIVATE",
    Sensitivity.CONFIDENTIAL: "CONFIDENTIAL",
}
LINKS = {"billing": "X-MAILCONNECTOR-BILLING", "mileage": "X-MAILCONNECTOR-MILEAGE"}
LINK_LISTS = {"companies": "X-MAILCONNECTOR-COMPANY", "contacts": "X-MAILCONNECTOR-CONTACT"}


class Lines:
    """The lines of a card of which nothing has been read yet.

    Attributes:
        version: Of the card.
    """

    def __init__(self, version: str, lines: Iterable[Line]) -> None:
        self.version = version
        self._all = list(lines)
        self._named: dict[str, list[Line]] = {}
        self._labels: dict[str, str] = {}
        self._claimed: set[str] = set()
        # Lines by their identity: two may say the same.
        self._taken: set[int] = set()
        for one in self._all:
            self._named.setdefault(one.name, []).append(one)
            if one.name == _LABEL and one.group:
                self._labels.setdefault(one.group, one.text().strip("_$!<>").lower())

    @property
    def left(self) -> tuple[Line, ...]:
        """What nobody took, a label with its last line; none is liked better than what was taken of its name."""
        left = [one for one in self._all if id(one) not in self._taken]
        groups = {one.group for one in left if one.name not in _OF_GROUPS}
        left = [one for one in left if one.name not in _OF_GROUPS or one.group in groups]
        return tuple([one.unranked() if one.name in self._claimed else one for one in left])

    def label(self, one: Line) -> str:
        """Return what a line's group is called, in lower case; empty when it is not."""
        return self._labels.get(one.group, "")

    def of(self, *names: str) -> list[Line]:
        """Return the lines of some names that are left, the liked best first."""
        found = [one for name in names for one in self._named.get(name, ()) if id(one) not in self._taken]
        return sorted(found, key=lambda one: one.preference) if len(found) > 1 else found

    def claim(self, one: Line) -> None:
        """Take a line out."""
        self._claimed.add(one.name)
        self._taken.add(id(one))

    def first(self, *names: str, where: Callable[[Line], bool] = lambda _: True) -> Line | None:
        """Take the best line of the first name of some that there is."""
        for name in names:
            for one in self.of(name):
                if where(one):
                    self.claim(one)
                    return one
        return None

    def text(self, *names: str, where: Callable[[Line], bool] = lambda _: True) -> str:
        """Take the best line of the first name of some that there is, and return its text."""
        found = self.first(*names, where=where)
        return "" if found is None else found.text()

    def texts(self, *names: str, where: Callable[[Line], bool] = lambda _: True) -> tuple[str, ...]:
        """Take all lines of some names, and return their texts, the liked best first."""
        found = [one for one in self.of(*names) if where(one)]
        for one in found:
            self.claim(one)
        return tuple([one.text() for one in found])


def text_line(name: str, text: str, **params: Any) -> list[Line]:
    """Return a line with a text; none for an empty one."""
    return [line(name, escape(text), **params)] if text else []


def read_mail(lines: Lines, message_class: str) -> Mail:
    """Return what of a card is the item's mail: notes, categories, sensitivity."""
    notes = lines.texts("NOTE")
    categories: dict[str, None] = {}
    for listed in lines.of("CATEGORIES"):
        categories |= dict.fromkeys(filter(None, (one.strip() for one in listed.listed())))
        lines.claim(listed)
    classified = lines.first("CLASS", where=lambda one: one.text().upper() in {*_CLASSES.values(), "PUBLIC"})
    said = "" if classified is None else classified.text().upper()
    return Mail(
        message_class=message_class,
        text="\n\n".join(notes) if notes else None,
        sensitivity=next((level for level, name in _CLASSES.items() if name == said), Sensitivity.NORMAL),
        flags=Flags(keywords=tuple(categories)),
    )


def mail_lines(mail: Mail) -> list[Line]:
    """Return the lines for what of an item is its mail."""
    made: list[Line] = []
    if mail.text is not None:
        made.append(line("NOTE", escape(mail.text)))
    if mail.flags.keywords:
        made.append(line("CATEGORIES", ",".join(map(escape, mail.flags.keywords))))
    if mail.sensitivity in _CLASSES:
        made.append(line("CLASS", _CLASSES[mail.sensitivity]))
    return made


def read_links(lines: Lines) -> dict[str, Any]:
    """Return the fields that contacts and lists have in common."""
    return {field: lines.text(name) for field, name in LINKS.items()} | {
        field: lines.texts(name) for field, name in LINK_LISTS.items()
    }


def link_lines(item: Any) -> list[Line]:
    """Return the lines for the fields that contacts and lists have in common."""
    made = [one for field, name in LINKS.items() for one in text_line(name, getattr(item, field))]
    return made + [line(name, escape(text)) for field, name in LINK_LISTS.items() for text in getattr(item, field)]
