"""Attachments of a mail and MAPI's attachment objects ([MS-OXCMSG] 2.2.2, [MS-OXCMAIL] 2.1.3.4)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from mailconnector.items import OLE_STORAGE, Attachment, Item, Placement, StoredContent
from mailconnector.mapi import reading, tags
from mailconnector.mapi.file_names import extension_of, made_name, short_name, type_of_name
from mailconnector.mapi.objects import AttachmentObject, MessageObject, Properties
from mailconnector.mapi.types import FileTime, make_tag
from mailconnector.mapping import own
from mailconnector.mapping.leftovers import beyond, combined

BY_VALUE, BY_REFERENCE, BY_REFERENCE_RESOLVE, BY_REFERENCE_ONLY, EMBEDDED, OLE, BY_WEB_REFERENCE = range(1, 8)
"""Values of PidTagAttachMethod."""

_CREATED, _MODIFIED = "created", "modified"

_PART_OF_HTML = 4
"""The flag of PidTagAttachFlags for what the HTML body refers to."""

# Without a canonical name: the word in Content-Disposition.
PR_ATTACH_CONTENT_DISPOSITION = make_tag(0x3716, 0x001F)

# Ids of what is only of use where it comes from; 0x3701 is the content.
_OF_THE_STORE = frozenset(
    {0x0E20, 0x0E21, 0x0FF4, 0x0FF6, 0x0FF7, 0x0FF8, 0x0FF9, 0x0FFE, 0x3000, 0x340D, 0x3701, 0x67F2, 0x67F3}
)


def to_object(attachment: Attachment, number: int, embed: Callable[[Item], MessageObject]) -> AttachmentObject:
    """Return an attachment as a MAPI object.

    Args:
        attachment: The attachment.
        number: Its place among the mail's attachments, from 1: it becomes part of a missing name.
        embed: Makes the object of an attached item.
    """
    properties = _properties(attachment, number)
    if attachment.item is not None:
        embedded = embed(attachment.item)
        if not attachment.name:
            properties[tags.PidTagDisplayName] = reading.text(embedded.properties, tags.PidTagSubject)
        return AttachmentObject(combined(properties, attachment.leftover), embedded=embedded)
    if attachment.reference:
        return AttachmentObject(combined(properties, attachment.leftover))
    if isinstance(attachment.data, bytes):
        return AttachmentObject(combined(properties, attachment.leftover), data=attachment.data)
    data = attachment.data.stream
    data.seek(0)
    return AttachmentObject(combined(properties, attachment.leftover), data=data)


def _properties(attachment: Attachment, number: int) -> Properties:
    name = attachment.name.replace("\0", "")
    properties: Properties = {tags.PidTagRenderingPosition: -1}
    if attachment.item is not None:
        properties[tags.PidTagAttachMethod] = EMBEDDED
    elif attachment.reference:
        properties[tags.PidTagAttachMethod] = BY_WEB_REFERENCE if "://" in attachment.reference else BY_REFERENCE_ONLY
        properties[tags.PidTagAttachLongPathname] = attachment.reference
    else:
        properties[tags.PidTagAttachMethod] = OLE if attachment.content_type == OLE_STORAGE else BY_VALUE
    if name:
        properties[tags.PidTagDisplayName] = name
    if attachment.item is None:
        name = name or made_name(number, attachment.content_type)
        properties[tags.PidTagAttachMimeTag] = attachment.content_type
    if name:
        properties[tags.PidTagAttachLongFilename] = name
        properties[tags.PidTagAttachFilename] = short_name(name)
        if extension_of(name):
            properties[tags.PidTagAttachExtension] = extension_of(name)
    _put_placement(attachment, properties)
    _put_description(attachment, properties)
    return properties


def _put_placement(attachment: Attachment, properties: Properties) -> None:
    if attachment.content_id:
        properties[tags.PidTagAttachContentId] = attachment.content_id
    if attachment.location:
        properties[tags.PidTagAttachContentLocation] = attachment.location
    if attachment.placement is Placement.RELATED:
        properties[tags.PidTagAttachFlags] = _PART_OF_HTML
        properties[tags.PidTagAttachmentHidden] = bool(attachment.content_id or attachment.location)
    elif attachment.placement is Placement.INLINE:
        properties[PR_ATTACH_CONTENT_DISPOSITION] = "inline"
    elif attachment.placement is Placement.ALTERNATIVE:
        properties[own.PLACEMENT] = Placement.ALTERNATIVE.value


def _put_description(attachment: Attachment, properties: Properties) -> None:
    parameters = dict(attachment.parameters)
    if "charset" in parameters:
        properties[tags.PidTagTextAttachmentCharset] = parameters["charset"]
    if parameters and list(parameters) != ["charset"]:
        properties[own.CONTENT_PARAMETERS] = [f"{key}={value}" for key, value in attachment.parameters]
    if attachment.description:
        properties[tags.PidTagComment] = attachment.description
    dated = []
    for word, tag, moment in (
        (_CREATED, tags.PidTagCreationTime, attachment.created),
        (_MODIFIED, tags.PidTagLastModificationTime, attachment.modified),
    ):
        if moment is not None and (file_time := file_time_of(moment)) is not None:
            properties[tag] = file_time
            dated.append(word)
    if dated:
        properties[own.FILE_DATES] = " ".join(dated)


def file_time_of(moment: datetime) -> FileTime | None:
    """Return a datetime as MAPI keeps it; None when it lies before MAPI's time."""
    try:
        return FileTime.from_datetime(moment)
    except ValueError:
        return None


def from_object(
    source: AttachmentObject, number: int, html: str | None, extract: Callable[[MessageObject], Item]
) -> Attachment:
    """Return a MAPI object as an attachment.

    Args:
        source: The object.
        number: Its place among the message's attachments, from 1.
        html: The mail's HTML body, in which pieces may be named.
        extract: Reads an embedded message.
    """
    properties = source.properties
    method = reading.number(properties, tags.PidTagAttachMethod, BY_VALUE)
    item = extract(source.embedded) if source.embedded is not None else None
    reference = ""
    if item is None and method in (BY_REFERENCE, BY_REFERENCE_RESOLVE, BY_REFERENCE_ONLY, BY_WEB_REFERENCE):
        reference = reading.text(properties, tags.PidTagAttachLongPathname)
        reference = reference or reading.text(properties, tags.PidTagAttachPathname)
    content_id = reading.text(properties, tags.PidTagAttachContentId).strip("<> ")
    location = reading.text(properties, tags.PidTagAttachContentLocation)
    content_type = _content_type(properties, method, item)
    data: bytes | StoredContent = b""
    if item is None and source.data is not None:
        data = source.data if isinstance(source.data, bytes) else StoredContent(source.data)
    created, modified = _dates(properties)
    attachment = Attachment(
        name=_name(properties, number, content_type, item),
        content_type=content_type,
        data=data,
        item=item,
        reference=reference,
        placement=_placement(properties, content_id, location, html),
        content_id=content_id,
        location=location,
        description=reading.text(properties, tags.PidTagComment),
        parameters=_parameters(properties),
        created=created,
        modified=modified,
    )
    return _with_leftover(attachment, source, number)


def _dates(properties: Properties) -> tuple[datetime | None, datetime | None]:
    """Return when an attached file was created and modified.

    A store stamps the attachment itself with the moment when it was made; where it is said nowhere that the times
    are the file's, only ones that differ can be.
    """
    created = reading.moment(properties, tags.PidTagCreationTime)
    modified = reading.moment(properties, tags.PidTagLastModificationTime)
    said = reading.text(properties, own.FILE_DATES)
    if not said:
        return (created, modified) if created and modified and created != modified else (None, None)
    return created if _CREATED in said else None, modified if _MODIFIED in said else None


def _with_leftover(attachment: Attachment, source: AttachmentObject, number: int) -> Attachment:
    made = _properties(attachment, number)
    if source.embedded is not None and not attachment.name:
        made[tags.PidTagDisplayName] = reading.text(source.embedded.properties, tags.PidTagSubject)
    leftover = beyond(source.properties, made, _OF_THE_STORE)
    return replace(attachment, leftover=leftover) if leftover else attachment


def _content_type(properties: Properties, method: int, item: Item | None) -> str:
    if item is not None:
        return "message/rfc822"
    if method == OLE:
        return OLE_STORAGE
    kind = reading.text(properties, tags.PidTagAttachMimeTag).strip().lower()
    # Outlook writes none for files that the user attached.
    return kind if "/" in kind else type_of_name(_long_name(properties))


def _long_name(properties: Properties) -> str:
    for tag in (tags.PidTagAttachLongFilename, tags.PidTagAttachFilename, tags.PidTagAttachTransportName):
        name = reading.text(properties, tag)
        if name:
            return name.replace("\\", "/").rstrip("/").rpartition("/")[2]
    return ""


def _name(properties: Properties, number: int, content_type: str, item: Item | None) -> str:
    name = _long_name(properties)
    display = reading.text(properties, tags.PidTagDisplayName)
    if name:
        return "" if not display and name == made_name(number, content_type) else name
    return "" if item is not None else display


def _placement(properties: Properties, content_id: str, location: str, html: str | None) -> Placement:
    if reading.text(properties, own.PLACEMENT) == Placement.ALTERNATIVE.value:
        return Placement.ALTERNATIVE
    is_related = bool(reading.number(properties, tags.PidTagAttachFlags) & _PART_OF_HTML)
    if is_related or (html and content_id and f"cid:{content_id}" in html):
        return Placement.RELATED
    if reading.text(properties, PR_ATTACH_CONTENT_DISPOSITION).lower() == "inline":
        return Placement.INLINE
    return Placement.ATTACHED


def _parameters(properties: Properties) -> tuple[tuple[str, str], ...]:
    pairs = [one.partition("=") for one in reading.texts(properties, own.CONTENT_PARAMETERS)]
    if pairs:
        return tuple([(name, value) for name, _, value in pairs])
    charset = reading.text(properties, tags.PidTagTextAttachmentCharset)
    return (("charset", charset),) if charset else ()
