"""What a file is, told by its first bytes; its name counts only in a directory, where there may be anything."""

import re
from enum import StrEnum
from pathlib import PurePath

from mailconnector.mapi import msg, tnef

HEAD = 4096
"""How many bytes of a file tell what it is."""

_FIELD = re.compile(rb"[!-9;-~]{1,200}[ \t]*:")
# In a directory a file is mail when one of these is among its first lines, or when it says so by its name.
_MAIL_FIELD = re.compile(
    rb"^(?:from|to|cc|subject|date|received|return-path|delivered-to|message-id|mime-version|reply-to|sender"
    rb"|content-type|x-mozilla-status|x-envelope-from|x-account-key|dkim-signature|arc-seal|authentication-results)"
    rb"[ \t]*:",
    re.IGNORECASE | re.MULTILINE,
)
_ENTRIES = re.compile(rb"BEGIN[ \t]*:[ \t]*(VCALENDAR|VCARD)[ \t]*[\r\n]", re.IGNORECASE)
_UTF_16 = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}


class SourceKind(StrEnum):
    """What a source is."""

    MAIL = "eml"
    MBOX = "mbox"
    MAILDIR = "maildir"
    CALENDAR = "ics"
    CARDS = "vcf"
    MSG = "msg"
    TNEF = "tnef"
    DIRECTORY = "directory"


def kind_of(head: bytes) -> SourceKind | None:
    """Return what a file is; None when it is nothing that can be imported.

    Args:
        head: its first `HEAD` bytes.
    """
    if head.startswith(msg.SIGNATURE):
        return SourceKind.MSG
    if head.startswith(tnef.SIGNATURE):
        return SourceKind.TNEF
    if head[:2] in _UTF_16:
        head = head[2:].decode(_UTF_16[head[:2]], "ignore").encode("utf-8", "ignore")
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip(b"\r\n\t ")
    if entries := _ENTRIES.match(start):
        return SourceKind.CALENDAR if entries[1].upper() == b"VCALENDAR" else SourceKind.CARDS
    if head.lstrip(b"\r\n").startswith(b"From ") or not head.strip():
        return SourceKind.MBOX  # an empty file is an mbox of no messages
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip(b"\r\n")
    return SourceKind.MAIL if _FIELD.match(start) else None


def kind_in_directory(name: str, head: bytes) -> SourceKind | None:
    """Return what a file in a directory is, where a document or a list may look like mail.

    Args:
        name: of the file.
        head: its first `HEAD` bytes.
    """
    suffix = PurePath(name).suffix.lower()
    kind = kind_of(head)
    if kind is SourceKind.MSG:
        # Other documents are compound files as well.
        return kind if suffix in (".msg", ".oft") else None
    if kind in (SourceKind.CALENDAR, SourceKind.CARDS, SourceKind.TNEF, None):
        return kind
    if suffix == ".eml":
        return kind if head.strip() else SourceKind.MAIL
    if not head:
        return kind if suffix == ".mbox" else None
    if kind is SourceKind.MAIL and suffix != ".mbox" and not _MAIL_FIELD.search(head):
        return None
    return kind
