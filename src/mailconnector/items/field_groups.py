"""Which fields of items make sense only together, which are a program's own affair, and which have a standard."""

from __future__ import annotations

from collections.abc import Mapping

from mailconnector.items.appointment import Appointment
from mailconnector.items.contact import Contact
from mailconnector.items.distribution_list import DistributionList
from mailconnector.items.journal_entry import JournalEntry
from mailconnector.items.mail import GenericItem, Mail
from mailconnector.items.note import Note
from mailconnector.items.post import Post
from mailconnector.items.task import Task
from mailconnector.mapi import tags

BODY = "body"
"""The group of a body's forms."""

SERIES = "series"
"""The group of an appointment's times and its pattern."""

DAYS = "day "
"""With what the groups begin of what is other on a day than the series."""

LEFTOVER = "leftover."
"""With what the paths of leftover properties of the item itself begin."""

OWN = f"{LEFTOVER}own."
"""The same of properties that this program alone writes."""

FOLLOWING = frozenset({"display", "replied", "due"})
"""What goes along with a field's content, and says nothing of another content."""

FORM = f"{OWN}itemform"
"""With what the paths begin that say in whose form an item lies on a server (`formats.item.forms`); ours has none."""

_OF_MAIL = {
    **dict.fromkeys(("text", "html", "rtf", "words", "original"), BODY),
    "author": "author",
    "sender": "author",
    "in_reply_to": "thread",
    "references": "thread",
}
_OF: Mapping[type, Mapping[str, str]] = {
    Appointment: {
        **dict.fromkeys(("start", "end", "zone", "end_zone", "recurrence", "pattern_text"), SERIES),
        **dict.fromkeys(("response", "replied", "replied_by"), "response"),
        **dict.fromkeys(("proposed_start", "proposed_end", "is_counter_proposal"), "proposal"),
        **dict.fromkeys(("uid", "instance"), "identity"),
        **dict.fromkeys(("private", "sensitivity"), "sensitivity"),
    },
    Contact: dict.fromkeys(
        ("name", "name.prefix", "name.given", "name.middle", "name.surname", "name.generation", "full_name", "file_as",
         "file_as_id", "subject"),
        "name",
    ),
    DistributionList: dict.fromkeys(("name", "subject"), "name"),
    Task: {
        **dict.fromkeys(("start", "due", "recurrence", "occurrence_is_dead"), "dates"),
        **dict.fromkeys(("status", "percent_complete", "completed"), "progress"),
        **dict.fromkeys(
            ("state", "ownership", "acceptance", "assigner", "last_change", "last_update", "last_user",
             "last_delegate"),
            "assignment",
        ),
    },
    JournalEntry: dict.fromkeys(("start", "end", "duration"), "times"),
    Note: {"subject": BODY, **dict.fromkeys(("width", "height", "x", "y"), "window")},
    Post: dict.fromkeys(("item_guid", "item_hash", "item_xml", "item_link"), "article"),
}  # fmt: skip

# What programs write by themselves, or what only says how something is written.
_SOFT = frozenset(
    {"date", "received", "message_id", "conversation_topic", "conversation_index", "charset", "headers", "layout"}
)
_SOFT_OF: Mapping[type, frozenset[str]] = {
    Appointment: frozenset({"pattern_text", "sequence"}),
    Contact: frozenset({"subject", "source"}),
    DistributionList: frozenset({"subject", "source"}),
    Task: frozenset({"last_change", "last_update", "last_user", "last_delegate"}),
    Note: frozenset({"subject", "width", "height", "x", "y"}),
    Post: frozenset({"item_hash"}),
}
# The path of a list as such is the order of its elements.
_LISTS = frozenset({"to", "cc", "bcc", "reply_to", "attendees", "members", "attachments", "categories"})

# What iCalendar ([RFC 5545]), vCard ([RFC 6350]) or a mail's own header and body can say.
_STANDARD_OF_MAIL = frozenset(
    {"subject", "author", "sender", "to", "cc", "bcc", "reply_to", "date", "received", "message_id", "in_reply_to",
     "references", "text", "html", "rtf", "words", "charset", "attachments", "importance", "sensitivity", "headers",
     "layout", "original", "flags", "categories"}
)  # fmt: skip
_STANDARD: Mapping[type, frozenset[str]] = {
    Appointment: frozenset(
        {"start", "end", "zone", "end_zone", "location", "busy", "reminder", "attendees", "is_meeting", "is_cancelled",
         "sequence", "uid", "instance", "recurrence", "deleted", "changed", "pattern_text", "private"}
    ),
    Contact: frozenset(
        {"name", "full_name", "company", "department", "job_title", "profession", "email1", "email2", "email3", "home",
         "work", "web_page", "birthday", "anniversary", "certificates", "source"}
    ),
    DistributionList: frozenset({"name", "members", "source"}),
    Task: frozenset({"status", "percent_complete", "start", "due", "completed", "reminder", "recurrence"}),
    JournalEntry: frozenset({"start"}),
    Note: frozenset(),
    Post: frozenset(),
    GenericItem: frozenset(),
    Mail: frozenset(),
}  # fmt: skip
_STANDARD_PHONES = frozenset({"phones.business", "phones.home", "phones.mobile", "phones.pager"})
_STANDARD_NAMES = frozenset({"prefix", "given", "middle", "surname", "generation", "nickname"})

_MOST_KNOWN = 4096
_KNOWN: dict[tuple[object, str], tuple[str, bool]] = {}

_VOLATILE = frozenset(
    tag >> 16
    for tag in (
        tags.PidTagCreationTime, tags.PidTagLastModificationTime, tags.PidTagLastModifierName,
        tags.PidTagLastModifierEntryId, tags.PidTagCreatorName, tags.PidTagCreatorEntryId, tags.PidTagSearchKey,
        tags.PidTagSourceKey, tags.PidTagParentSourceKey, tags.PidTagChangeKey, tags.PidTagPredecessorChangeList,
        tags.PidTagConversationIndex, tags.PidTagConversationId, tags.PidTagConversationIndexTracking,
        tags.PidTagMessageLocaleId, tags.PidTagLocaleId, tags.PidTagIconIndex, tags.PidTagMessageFlags,
        tags.PidTagInternetCodepage, tags.PidTagMessageStatus, tags.PidTagMessageSize, tags.PidTagHasAttachments,
    )
)  # fmt: skip


def grouping(kind: type, path: str) -> tuple[str, bool]:
    """Return (the group that a path of an item's type belongs to, whether programs write it for themselves)."""
    known = _KNOWN.get((kind, path))
    if known is None:
        known = _grouping(kind, path)
        # The fields are few; what people and files are called is not.
        if len(_KNOWN) < _MOST_KNOWN:
            _KNOWN[kind, path] = known
    return known


def _grouping(kind: type, path: str) -> tuple[str, bool]:
    if path.startswith(LEFTOVER):
        return path, _is_soft_leftover(kind, path)
    name, aspect, rest = split_path(path)
    if name in ("deleted", "changed"):
        return f"{DAYS}{rest[:10]}", bool(aspect)
    main = f"{name}.{rest}" if rest else name
    soft = bool(aspect) or main in _SOFT or main in _LISTS or main in _SOFT_OF.get(kind, ())
    return _OF.get(kind, {}).get(main) or _OF_MAIL.get(main) or main, soft


def split_path(path: str) -> tuple[str, str, str]:
    """Return (field, what of it beside its content, which of its elements) of a path."""
    head, _, rest = path.partition(".")
    name, _, aspect = head.partition(":")
    return name, aspect, rest


def _is_soft_leftover(kind: type, path: str) -> bool:
    """Tell whether a leftover property is a program's own affair.

    What users see in forms has fields. Beyond them, what counts is what somebody stored under names of his own, and,
    of items that no type here knows, everything.
    """
    name = path.removeprefix(LEFTOVER)
    if name.startswith("0x"):
        return kind is not GenericItem or int(name[2:6], 16) in _VOLATILE
    known = name.startswith("own.") or (
        name.startswith(("PSETID_", "PS_")) and not name.startswith("PS_PUBLIC_STRINGS.")
    )
    return known and (kind is not GenericItem or name.startswith("own."))


def is_standard(kind: type, path: str) -> bool:
    """Tell whether a path of an item's type is something that programs of others can say as well."""
    name, aspect, rest = split_path(path)
    if name == "phones":
        return path in _STANDARD_PHONES
    if name == "name" and rest:
        return rest in _STANDARD_NAMES
    return not aspect and (name in _STANDARD_OF_MAIL or name in _STANDARD[kind])
