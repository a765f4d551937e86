"""What sort of items mailboxes are made for: as their annotations say, else their names, else what lies in them.

Kolab's folder type is what servers and programs understand: METADATA entries (RFC 5464; ANNOTATEMORE on old servers)
with a value as ``event.default``, the user's own one before the one that all see. Anyone who may read a mailbox can set
it: nothing but how messages are read depends on it.

Where a server tells annotations with its list of mailboxes, they are read in each run. Elsewhere each mailbox is asked
about once a day, several at once, and remembered in a file beside the account's others: a run in which nothing changed
stays one round trip.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from mailconnector import formats
from mailconnector.formats import FormatError
from mailconnector.imap import ImapClient, ImapCommandError, MailboxInfo, UidSet
from mailconnector.imap.selected import MESSAGE, SUMMARY
from mailconnector.items import FolderKind, Mail
from mailconnector.items.belonging import kind_of_item
from mailconnector.items.headers import first
from mailconnector.sync.store import SpecialUse

PRIVATE, SHARED = "/private/vendor/kolab/folder-type", "/shared/vendor/kolab/folder-type"
ENTRIES = (PRIVATE, SHARED)
"""The annotations that say what a mailbox is made for, the surer one first."""

_TYPES = {
    "mail": FolderKind.MAIL,
    "event": FolderKind.CALENDAR,
    "contact": FolderKind.CONTACTS,
    "task": FolderKind.TASKS,
    "note": FolderKind.NOTES,
    "journal": FolderKind.JOURNAL,
}
_NAMES = {kind: name for name, kind in _TYPES.items()}
# Settings of Kolab's programs, which are nothing to people.
_MACHINERY = frozenset({"configuration", "freebusy"})
# Of a companion (`companions`): settings as well, to those who do not know it.
_COMPANION = re.compile(r"configuration\.mailconnector\.([a-z]{1,10})\.([0-9a-f]{1,64})\.([0-9]{1,10})")
_SUBTYPES = {
    "sentitems": SpecialUse.SENT,
    "drafts": SpecialUse.DRAFTS,
    "junkemail": SpecialUse.JUNK,
    "wastebasket": SpecialUse.TRASH,
}
_BELIEVED = 86_400.0  # seconds for which what was remembered of annotations holds
_LOOKED_AT = 5  # messages that tell what a mailbox holds
_LARGEST = 256 << 10  # bytes of a message that is looked at
_MOST_BYTES = 8 << 20  # of the file
_COMPONENTS = ((b"BEGIN:VEVENT", FolderKind.CALENDAR), (b"BEGIN:VTODO", FolderKind.TASKS),
               (b"BEGIN:VJOURNAL", FolderKind.JOURNAL))  # fmt: skip
_CARDS = frozenset({"text/vcard", "text/x-vcard", "text/directory"})
_CALENDARS = frozenset({"text/calendar", "text/x-vcalendar"})
_KOLAB = b"application/x-vnd.kolab."


@dataclass(frozen=True, slots=True)
class CompanionMark:
    """What the folder type of a companion says (`companions`).

    Attributes:
        kind: What sort of items it holds.
        key: What goes into the names of placeholders.
        validity: The UIDVALIDITY of the folder whose companion it is.
    """

    kind: FolderKind
    key: str
    validity: int


@dataclass(frozen=True, slots=True)
class Told:
    """What is known of a mailbox.

    Attributes:
        kind: What it is made for; None when nothing says.
        use: It is the user's main one of its kind.
        machinery: It holds a program's settings.
        companion: It holds the private items of another folder.
    """

    kind: FolderKind | None = None
    use: SpecialUse | None = None
    machinery: bool = False
    companion: CompanionMark | None = None


def told(values: Iterable[bytes]) -> Told:
    """Return what annotations say, the first that says anything.

    Args:
        values: Folder types, in the order in which they are believed.
    """
    for value in values:
        text = value.decode("ascii", "replace").strip().casefold()
        sort, _, subtype = text.partition(".")
        if sort in _MACHINERY:
            return Told(machinery=True, companion=_companion(text))
        kind = _TYPES.get(sort)
        if kind is FolderKind.MAIL:
            return Told(kind, _SUBTYPES.get(subtype))
        if kind is not None:
            return Told(kind, SpecialUse(kind.value) if subtype == "default" else None)
    return Told()


def _companion(text: str) -> CompanionMark | None:
    found = _COMPANION.fullmatch(text)
    kind = _TYPES.get(found[1]) if found else None
    return CompanionMark(kind, found[2], int(found[3])) if found and kind else None


def companion_type(mark: CompanionMark) -> bytes:
    """Return the folder type of a companion."""
    return f"configuration.mailconnector.{_NAMES[mark.kind]}.{mark.key}.{mark.validity}".encode("ascii")


def folder_type(kind: FolderKind, *, default: bool) -> bytes:
    """Return the folder type of a mailbox."""
    return (_NAMES[kind] + (".default" if default else "")).encode("ascii")


def note_kind(client: ImapClient, mailbox: str, kind: FolderKind, *, default: bool) -> None:
    """Write on the server what a mailbox is made for, where it lets us: for the user, and for all who see it."""
    if kind is FolderKind.MAIL or not client.annotations.available:
        return
    for entry in ENTRIES:
        with suppress(ImapCommandError):
            client.annotations.set(mailbox, {entry: folder_type(kind, default=default)})


class KindBook:
    """What was found out of mailboxes, from one run to the next.

    Args:
        path: The file; None to remember for as long as the object is there. One that cannot be read or written costs
            another look.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._types: dict[str, dict[str, str]] = {}
        self._looks: dict[str, str] = {}
        self._asked = 0.0
        self._saved = self._text()
        self._load()

    def needs(self, key: str) -> bool:
        """Tell whether the annotations of a mailbox are to be asked for."""
        return key not in self._types or not 0 <= time.time() - self._asked < _BELIEVED

    def types(self, key: str) -> Told:
        """Return what the annotations of a mailbox said."""
        found = self._types.get(key, {})
        return told(found[entry].encode("ascii", "replace") for entry in ENTRIES if entry in found)

    def note_types(self, values: Mapping[str, Mapping[str, bytes]], *, all_asked: bool) -> None:
        """Note annotations that were asked for, those of all mailboxes or of some."""
        if all_asked:
            self._types, self._asked = {}, time.time()
        for key, found in values.items():
            self._types[key] = {entry: value.decode("ascii", "replace") for entry, value in found.items()}

    def look(self, key: str) -> FolderKind | None:
        """Return what a look into a mailbox has told; None when there was none."""
        with suppress(ValueError):
            return FolderKind(self._looks.get(key, ""))
        return None

    def note_look(self, key: str, kind: FolderKind) -> None:
        """Note what a look into a mailbox told."""
        self._looks[key] = kind.value

    def save(self, keys: Iterable[str]) -> None:
        """Keep what is known of the mailboxes that there are."""
        there = set(keys)
        self._types = {key: value for key, value in self._types.items() if key in there}
        self._looks = {key: value for key, value in self._looks.items() if key in there}
        text = self._text()
        if self._path is None or text == self._saved:
            return
        with suppress(OSError):
            new = self._path.with_name(self._path.name + ".new")
            new.write_text(text, "utf-8")
            new.replace(self._path)
            self._saved = text

    def _text(self) -> str:
        return json.dumps({"asked": self._asked, "types": self._types, "looks": self._looks}, sort_keys=True)

    def _load(self) -> None:
        if self._path is None:
            return
        with suppress(OSError, ValueError, TypeError, AttributeError, KeyError):
            if self._path.stat().st_size > _MOST_BYTES:
                return
            text = self._path.read_text("utf-8")
            value = json.loads(text)
            types = {str(key): {str(k): str(v) for k, v in each.items()} for key, each in value["types"].items()}
            looks = {str(key): str(each) for key, each in value["looks"].items()}
            self._asked, self._types, self._looks = float(value["asked"]), types, looks
            self._saved = text


def annotated(client: ImapClient, infos: Iterable[MailboxInfo], book: KindBook) -> dict[str, Told]:
    """Return what annotations say of mailboxes: as the listing told, or the book, or the server asked anew.

    Args:
        client: To the server.
        infos: The listing, asked for `ENTRIES`'s values where `listed_entries` says so.
        book: What is remembered.
    """
    selectable = [info for info in infos if info.selectable]
    if not client.annotations.available:
        return {}
    if listed_entries(client):
        return {
            info.name: told(info.metadata[entry] for entry in ENTRIES if entry in info.metadata) for info in selectable
        }
    keys = {info.name: key_of(info) for info in selectable}
    unknown = [name for name, key in keys.items() if book.needs(key)]
    if unknown:
        answers: Mapping[str, Mapping[str, bytes]] = client.annotations.get_many(unknown, ENTRIES)
        book.note_types({keys[name]: answers.get(name, {}) for name in unknown}, all_asked=len(unknown) == len(keys))
    return {name: book.types(key) for name, key in keys.items()}


def listed_entries(client: ImapClient) -> tuple[str, ...]:
    """Return the annotations to ask for with the list of mailboxes: none where the server does not tell them there."""
    return ENTRIES if client.session.has("LIST-METADATA") and client.session.has("LIST-EXTENDED") else ()


def key_of(info: MailboxInfo) -> str:
    """Return by what a mailbox is remembered: its name, and what tells whether it is still the same one."""
    validity = info.status.uid_validity if info.status else None
    return f"{validity or ''} {info.name}"


def content_kind(client: ImapClient, mailbox: str) -> FolderKind:
    """Look at the first messages of a mailbox; it is for what all of them are, if they are all of one kind."""
    selected = client.select(mailbox, read_only=True)
    first_ones = sorted(selected.search())[:_LOOKED_AT]
    small = [
        message.uid
        for message in list(selected.fetch(UidSet.of(first_ones), SUMMARY))
        if message.uid and (message.size or 0) <= _LARGEST
    ]
    if not small:
        return FolderKind.MAIL
    kinds = {message_kind(message.body or b"") for message in selected.fetch(UidSet.of(small), MESSAGE)}
    return kinds.pop() if len(kinds) == 1 else FolderKind.MAIL


def message_kind(data: bytes) -> FolderKind:
    """Return for what sort of folder a message is: an item of ours or of another program, or mail."""
    try:
        item = formats.parse_item(data).item
    except FormatError:
        return FolderKind.MAIL
    if not isinstance(item, Mail):
        return kind_of_item(item)
    for find in (_of_kolab, _of_apple, _of_parts):
        kind = find(item)
        if kind is not None:
            return kind
    return FolderKind.MAIL


def _of_kolab(mail: Mail) -> FolderKind | None:
    value = (first(mail.headers, b"x-kolab-type") or b"").strip().lower()
    if not value.startswith(_KOLAB):
        return None
    sort = value[len(_KOLAB) :].split(b".")[0].decode("ascii", "replace")
    return FolderKind.CONTACTS if sort == "distribution-list" else _TYPES.get(sort)


def _of_apple(mail: Mail) -> FolderKind | None:
    value = (first(mail.headers, b"x-uniform-type-identifier") or b"").strip().lower()
    return FolderKind.NOTES if value == b"com.apple.mail-note" else None


def _of_parts(mail: Mail) -> FolderKind | None:
    """Tell by a calendar or a card that is alone in a message: beside a text of its author it is something sent."""
    if mail.text is not None or mail.html is not None or len(mail.attachments) != 1:
        return None
    (part,) = mail.attachments
    content_type = part.content_type.casefold()
    if content_type in _CARDS:
        return FolderKind.CONTACTS
    if content_type not in _CALENDARS or not isinstance(part.data, bytes):
        return None
    places = [(at, kind) for name, kind in _COMPONENTS if (at := part.data.upper().find(name)) >= 0]
    return min(places, key=lambda place: place[0])[1] if places else None
