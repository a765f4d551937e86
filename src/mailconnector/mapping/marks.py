"""A mail's flags, importance and requests, and the properties in which Outlook keeps them.

[MS-OXCMSG] 2.2.1.6, [MS-OXOMSG] 2.2.1.10 and 2.2.2.8, [MS-OXOFLAG] 2.2.1 and 3.1.4.1.
"""

from __future__ import annotations

from mailconnector.items import Flags, Importance, Mail, Sensitivity
from mailconnector.mapi import named, reading, tags
from mailconnector.mapi.objects import Properties, PropertyKey, find
from mailconnector.mapping.leftovers import combined

_READ, _UNSENT, _HAS_ATTACHMENTS, _FROM_ME = 0x01, 0x08, 0x10, 0x20
_OUR_BITS = _READ | _UNSENT | _HAS_ATTACHMENTS
_MARKED_FOR_DELETION = 0x08

_REPLY, _REPLY_ALL, _FORWARD = 102, 103, 104
_REPLIED_ICON, _FORWARDED_ICON, _UNSENT_ICON = 0x105, 0x106, 0x103
_OUR_ICONS = frozenset({_REPLIED_ICON, _FORWARDED_ICON, _UNSENT_ICON})

_COMPLETE, _FLAGGED = 1, 2
_RED_FLAG = 6

OWNED: frozenset[PropertyKey] = frozenset(
    {
        tags.PidTagImportance,
        tags.PidTagPriority,
        tags.PidTagSensitivity,
        tags.PidTagReadReceiptRequested,
        tags.PidTagOriginatorDeliveryReportRequested,
        named.PidNameKeywords,
        named.PidLidImapDeleted,
    }
)
"""Properties that a mail's own fields say in full."""

# What goes when a flag is taken off.
_FOLLOW_UP: frozenset[PropertyKey] = frozenset(
    {
        tags.PidTagFlagStatus,
        tags.PidTagFollowupIcon,
        tags.PidTagFlagCompleteTime,
        tags.PidTagToDoItemFlags,
        tags.PidTagReplyRequested,
        tags.PidTagResponseRequested,
        tags.PidTagReplyTime,
        named.PidLidFlagRequest,
        named.PidLidFlagString,
        named.PidLidToDoTitle,
        named.PidLidToDoOrdinalDate,
        named.PidLidToDoSubOrdinal,
        named.PidLidTaskStartDate,
        named.PidLidTaskDueDate,
        named.PidLidTaskDateCompleted,
        named.PidLidTaskStatus,
        named.PidLidTaskComplete,
        named.PidLidPercentComplete,
        named.PidLidValidFlagStringProof,
    }
)


FLAG_KEYS: frozenset[PropertyKey] = _FOLLOW_UP | {
    tags.PidTagMessageFlags,
    tags.PidTagMessageStatus,
    tags.PidTagLastVerbExecuted,
    tags.PidTagLastVerbExecutionTime,
    tags.PidTagIconIndex,
    tags.PidTagReadReceiptRequested,  # cleared when the receipt was sent
    named.PidNameKeywords,
    named.PidLidImapDeleted,
    named.PidLidReminderDelta,
    named.PidLidReminderTime,
    named.PidLidReminderSet,
    named.PidLidReminderSignalTime,
    named.PidLidReminderOverride,
    named.PidLidReminderPlaySound,
    named.PidLidReminderFileParameter,
    named.PidLidCommonStart,  # of a mail: of its follow-up flag
    named.PidLidCommonEnd,
}
"""Properties in which a user's marks stand: those of `Flags`, and what Outlook keeps with a follow-up flag."""

# In a task, an appointment or a journal entry the user entered these: they are no mark on it.
_CONTENT_OF_FORMS: frozenset[PropertyKey] = frozenset(
    {
        tags.PidTagIconIndex,
        named.PidLidTaskStartDate,
        named.PidLidTaskDueDate,
        named.PidLidTaskDateCompleted,
        named.PidLidTaskStatus,
        named.PidLidTaskComplete,
        named.PidLidPercentComplete,
        named.PidLidCommonStart,
        named.PidLidCommonEnd,
        named.PidLidReminderDelta,
        named.PidLidReminderTime,
        named.PidLidReminderSet,
        named.PidLidReminderSignalTime,
        named.PidLidReminderOverride,
        named.PidLidReminderPlaySound,
        named.PidLidReminderFileParameter,
    }
)
_FORM_FLAG_KEYS = FLAG_KEYS - _CONTENT_OF_FORMS
_FORMS = ("ipm.task", "ipm.appointment", "ipm.activity")


def flag_keys(message_class: str) -> frozenset[PropertyKey]:
    """Return the properties in which a user's marks on a message of a class stand."""
    folded = message_class.lower()
    is_form = any(folded == one or folded.startswith(f"{one}.") for one in _FORMS)
    return _FORM_FLAG_KEYS if is_form else FLAG_KEYS


def flag_changes(properties: Properties, flags: Flags, subject: str) -> Properties:
    """Return what has to change in a stored message for it to have other flags, and nothing else.

    Args:
        properties: The message's, those of `FLAG_KEYS` at least.
        flags: What it should have.
        subject: The message's.

    Returns:
        The properties to set; None for one that has to go.
    """
    now = read_flags(properties)
    changes: Properties = {}
    bits = reading.number(properties, tags.PidTagMessageFlags)
    wanted = bits & ~(_READ | _UNSENT) | _READ * flags.seen | _UNSENT * flags.draft
    if wanted != bits:
        changes[tags.PidTagMessageFlags] = wanted
    if (now.answered, now.forwarded, now.draft) != (flags.answered, flags.forwarded, flags.draft):
        made = _deeds(flags)
        for tag in (tags.PidTagLastVerbExecuted, tags.PidTagIconIndex):
            if tag in made or (tag in properties and (tag != tags.PidTagIconIndex or properties[tag] in _OUR_ICONS)):
                changes[tag] = made.get(tag)
    if now.flagged != flags.flagged:
        # What a flag that was completed or taken off has left goes with it, dates and all.
        changes |= dict.fromkeys(key for key in _FOLLOW_UP if find(properties, key) is not None)
        changes |= _follow_up(flags, subject)
    if set(now.keywords) != set(flags.keywords):
        # In the order they are in: Outlook shows a message in the colour of the first.
        stay = [keyword for keyword in now.keywords if keyword in flags.keywords]
        changes[named.PidNameKeywords] = [*stay, *(one for one in flags.keywords if one not in stay)] or None
    if now.deleted != flags.deleted:
        changes[named.PidLidImapDeleted] = 1 if flags.deleted else None
    return changes


# What says that a flag is done.
_COMPLETION: frozenset[PropertyKey] = frozenset(
    {
        tags.PidTagFollowupIcon,
        tags.PidTagFlagCompleteTime,
        named.PidLidTaskDateCompleted,
        named.PidLidTaskStatus,
        named.PidLidTaskComplete,
        named.PidLidPercentComplete,
    }
)


def mark_properties(mail: Mail, *, has_attachments: bool, from_me: bool) -> Properties:
    """Return the properties that say a mail's marks."""
    flags = mail.flags
    bits = _READ * flags.seen | _UNSENT * flags.draft | _HAS_ATTACHMENTS * has_attachments | _FROM_ME * from_me
    properties: Properties = {
        tags.PidTagMessageFlags: bits,
        tags.PidTagImportance: int(mail.importance),
        tags.PidTagPriority: int(mail.importance) - 1,
        tags.PidTagSensitivity: int(mail.sensitivity),
    }
    if mail.read_receipt:
        properties[tags.PidTagReadReceiptRequested] = True
    if mail.delivery_receipt:
        properties[tags.PidTagOriginatorDeliveryReportRequested] = True
    if flags.keywords:
        properties[named.PidNameKeywords] = list(flags.keywords)
    if flags.deleted:
        properties[named.PidLidImapDeleted] = 1
    return properties | _deeds(flags) | _follow_up(flags, mail.subject)


def _deeds(flags: Flags) -> Properties:
    """Return what says that a mail was answered, forwarded or not yet sent."""
    if flags.answered or flags.forwarded:
        # One property has room for the last deed only; where there were two, the icon shows the other.
        return {
            tags.PidTagLastVerbExecuted: _REPLY if flags.answered else _FORWARD,
            tags.PidTagIconIndex: _FORWARDED_ICON if flags.forwarded else _REPLIED_ICON,
        }
    return {tags.PidTagIconIndex: _UNSENT_ICON} if flags.draft else {}


def _follow_up(flags: Flags, subject: str) -> Properties:
    """Return what Outlook sets for a flag without a date."""
    if not flags.flagged:
        return {}
    return {
        tags.PidTagFlagStatus: _FLAGGED,
        tags.PidTagFollowupIcon: _RED_FLAG,
        tags.PidTagToDoItemFlags: 1,
        tags.PidTagReplyRequested: True,
        tags.PidTagResponseRequested: True,
        named.PidLidFlagRequest: "Follow up",
        named.PidLidToDoTitle: subject.replace("\0", ""),
        named.PidLidTaskStatus: 0,
        named.PidLidTaskComplete: False,
        named.PidLidPercentComplete: 0.0,
    }


def with_leftover(made: Properties, mail: Mail) -> Properties:
    """Return properties made of a mail with its leftover ones; where both speak of marks, the mail is right."""
    merged = combined(made, mail.leftover)
    other_bits = reading.number(mail.leftover, tags.PidTagMessageFlags) & ~_OUR_BITS
    merged[tags.PidTagMessageFlags] = reading.number(made, tags.PidTagMessageFlags) | other_bits
    found = read_flags(merged)
    if (found.answered, found.forwarded) != (mail.flags.answered, mail.flags.forwarded):
        for tag in (tags.PidTagLastVerbExecuted, tags.PidTagIconIndex):
            merged.pop(tag, None)
            if tag in made:
                merged[tag] = made[tag]
    if mail.flags.flagged:
        if mail.leftover.get(tags.PidTagFlagStatus) == _COMPLETE:
            # It was done, and is to do again.
            for key in _COMPLETION:
                merged.pop(key, None)
            merged |= {key: made[key] for key in _COMPLETION & made.keys()}
        merged[tags.PidTagFlagStatus] = _FLAGGED
    elif mail.leftover.get(tags.PidTagFlagStatus) == _FLAGGED:
        # The flag was taken off since; its dates and reminders go with it.
        for key in _FOLLOW_UP & merged.keys():
            del merged[key]
    return merged


def read_flags(properties: Properties) -> Flags:
    """Return the flags of a message."""
    bits = reading.number(properties, tags.PidTagMessageFlags)
    verb = reading.number(properties, tags.PidTagLastVerbExecuted)
    icon = reading.number(properties, tags.PidTagIconIndex)
    status = reading.number(properties, tags.PidTagMessageStatus)
    deleted = reading.number(properties, named.PidLidImapDeleted) != 0 or bool(status & _MARKED_FOR_DELETION)
    return Flags(
        seen=bool(bits & _READ),
        answered=verb in (_REPLY, _REPLY_ALL) or icon == _REPLIED_ICON,
        flagged=reading.number(properties, tags.PidTagFlagStatus) == _FLAGGED,
        draft=bool(bits & _UNSENT),
        forwarded=verb == _FORWARD or icon == _FORWARDED_ICON,
        deleted=deleted,
        keywords=tuple(dict.fromkeys(reading.texts(properties, named.PidNameKeywords))),
    )


def read_importance(properties: Properties) -> Importance:
    """Return the importance of a message: what PidTagImportance says, else what PidTagPriority does."""
    default = reading.number(properties, tags.PidTagPriority) + 1
    value = reading.number(properties, tags.PidTagImportance, default)
    return Importance(value) if value in (0, 1, 2) else Importance.NORMAL


def read_sensitivity(properties: Properties) -> Sensitivity:
    """Return the sensitivity of a message."""
    value = reading.number(properties, tags.PidTagSensitivity)
    return Sensitivity(value) if value in (0, 1, 2, 3) else Sensitivity.NORMAL


def leftover_marks(flags: Flags, subject: str, properties: Properties) -> Properties:
    """Return what the properties of a message's marks say beyond its flags.

    Args:
        flags: As they were read of the properties.
        subject: The message's.
        properties: The message's.
    """
    leftover: Properties = {}
    other_bits = reading.number(properties, tags.PidTagMessageFlags) & ~_OUR_BITS
    if other_bits:
        leftover[tags.PidTagMessageFlags] = other_bits
    made = _deeds(flags) | _follow_up(flags, subject)
    for key in _PARTLY_OURS & properties.keys():
        if properties[key] != made.get(key):
            leftover[key] = properties[key]
    if flags.flagged and leftover.keys() & _FOLLOW_UP:
        # Tells later that what is left over belongs to a flag.
        leftover[tags.PidTagFlagStatus] = _FLAGGED
    return leftover


_PARTLY_OURS: frozenset[PropertyKey] = _FOLLOW_UP | {tags.PidTagLastVerbExecuted, tags.PidTagIconIndex}
NOT_PLAIN: frozenset[PropertyKey] = _PARTLY_OURS | {tags.PidTagMessageFlags}
"""Properties of which the mail's fields say a part; `leftover_marks` has the rest."""
