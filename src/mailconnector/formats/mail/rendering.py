"""The bytes of a message from a mail ([RFC 5322], MIME, [MS-OXCMAIL] 2.1).

The same mail always gives the same bytes: boundaries come from the content, and nothing is asked of the clock.
"""

from __future__ import annotations

from collections.abc import Sequence

from mailconnector.formats.mail import fields, layout, words
from mailconnector.formats.mail.entities import Entity, attachment_entity, binary_entity, multipart, text_entity
from mailconnector.formats.mail.mime import (
    CLASS_NAME,
    CONTENT_FIELDS,
    CUSTOM_CLASS,
    OPAQUE_CLASS,
    SMIME_KINDS,
    class_of_original,
    class_of_report,
)
from mailconnector.formats.mail.structure import content_type, field_values
from mailconnector.items import Attachment, Item, Mail, Placement, readable
from mailconnector.items.headers import fields as header_fields
from mailconnector.mapi.rtf_html import to_html

_MIME_VERSION = b"MIME-Version: 1.0\r\n"
# Left by files and mail programs, and wrong as soon as the body is written anew.
_STALE = frozenset({b"content-length", b"lines"})


def render(item: Item, *, bcc: bool = True) -> bytes:
    """Return the bytes of a message with CRLF line ends; they are 7-bit, but for what is given back as it came.

    The header that a mail came with is kept in its order; its content fields are written anew, and so is what
    the mail's own fields contradict. Signed and encrypted mail is given back byte for byte.

    Args:
        item: The mail, or an item that reads as one.
        bcc: Write the blind copy recipients too: right for one's own mailbox, wrong for sending.
    """
    mail = readable(item)
    if mail.layout and (came := layout.written(mail, render)) is not None:
        return _as_it_came(mail, *came, bcc)
    if mail.original:
        entity, structural = _original(mail.original), class_of_original(mail.original)
    else:
        entity, structural = _content(mail)
    custom = mail.message_class if structural == "IPM.Note" != mail.message_class else ""
    content_class = words.field("Content-Class", CUSTOM_CLASS + custom) if CLASS_NAME.fullmatch(custom) else b""
    header = _kept_header(mail, entity.header) if mail.headers else _new_header(mail)
    fields_out = [field for name, field in header if bcc or name != b"bcc"]
    names = {name for name, _ in header}
    if b"mime-version" not in names:
        fields_out.append(_MIME_VERSION)
    fields_out.append(content_class)
    if not names & CONTENT_FIELDS:
        fields_out.append(entity.header)
    return b"".join([*fields_out, b"\r\n", entity.body])


def _as_it_came(mail: Mail, head: bytes | None, body: bytes, bcc: bool) -> bytes:
    """Return a message whose content is what it was; only its header may be another."""
    values = field_values(mail.headers)
    outdated = _outdated(mail, values)
    if not outdated and (bcc or b"bcc" not in values):
        return (mail.headers + b"\r\n" if head is None else head) + body
    kept: list[bytes] = []
    names: set[bytes] = set()
    for whole, name, _ in header_fields(mail.headers):
        name = name.lower()
        if name in outdated:
            whole = fields.WRITERS[name](mail) if name in fields.WRITERS and name not in names else b""
        names.add(name)
        if bcc or name != b"bcc":
            kept.append(whole)
    kept += [write(mail) for name, write in fields.WRITERS.items() if name in outdated - names]
    return b"".join([*kept, b"\r\n", body])


def _outdated(mail: Mail, values: dict[bytes, bytes]) -> frozenset[bytes]:
    label = content_type(values.get(b"content-type"))[1].get("charset", "")
    return fields.outdated(mail, fields.read(values, label))


def _new_header(mail: Mail) -> list[tuple[bytes, bytes]]:
    return [(name, write(mail)) for name, write in fields.WRITERS.items()]


def _kept_header(mail: Mail, content_header: bytes) -> list[tuple[bytes, bytes]]:
    """Return (lower-case name, field) of the header as the mail came with it, brought up to date."""
    outdated = _outdated(mail, field_values(mail.headers))
    present = list(header_fields(mail.headers))
    content = b"".join([whole for whole, name, _ in present if name.lower() in CONTENT_FIELDS])
    same_content = bool(mail.original) and content == content_header
    out: list[tuple[bytes, bytes]] = []
    names: set[bytes] = set()
    for whole, name, value in present:
        name = name.lower()
        if name in CONTENT_FIELDS:
            if same_content:
                out.append((name, whole))
        elif name in outdated:
            if name not in names and name in fields.WRITERS:
                out.append((name, fields.WRITERS[name](mail)))
        elif mail.original or _is_lasting(name, value):
            out.append((name, whole))
        names.add(name)
    out += [(name, write(mail)) for name, write in fields.WRITERS.items() if name in outdated - names]
    return out


def _is_lasting(name: bytes, value: bytes) -> bool:
    if name == b"mime-version":
        return b"1.0" in value
    if name == b"content-class":
        return CUSTOM_CLASS.encode("ascii") not in value.lower()
    return name not in _STALE


def _original(original: bytes) -> Entity:
    if original.startswith(b"\r\n"):
        return Entity(b"", original[2:])
    header, empty_line, body = original.partition(b"\r\n\r\n")
    if not empty_line:
        header, _, body = original.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n").partition(b"\r\n\r\n")
    kept = [whole for whole, name, _ in header_fields(header + b"\r\n") if name.lower() in CONTENT_FIELDS]
    return Entity(b"".join(kept), body)


def _content(mail: Mail) -> tuple[Entity, str]:
    """Return the entity of a mail, and the message class that its structure tells."""
    body, others = _body_and_others(mail)
    if body is None and len(others) == 1 and _stands_alone(mail, others[0]):
        return _attached(others[0]), mail.message_class if _is_opaque(mail, others[0]) else "IPM.Note"
    report = _report(mail, body, others)
    if report is not None:
        return report, mail.message_class
    if not others:
        return body or Entity(b"", b""), "IPM.Note"
    return multipart("mixed", _listed(body, others)), "IPM.Note"


def parts_of(mail: Mail) -> list[Entity]:
    """Return the entities of which a mail's multipart/mixed is made: its body, and its attachments."""
    body, others = _body_and_others(mail)
    report = _report(mail, body, others)
    return [report] if report is not None else _listed(body, others)


def _body_and_others(mail: Mail) -> tuple[Entity | None, list[Attachment]]:
    related: list[Attachment] = []
    alternatives: list[Attachment] = []
    others: list[Attachment] = []
    for attachment in mail.attachments:
        if attachment.placement is Placement.RELATED and mail.html is not None:
            related.append(attachment)
        elif attachment.placement is Placement.ALTERNATIVE:
            alternatives.append(attachment)
        else:
            others.append(attachment)
    return _body(mail, related, alternatives), others


def _listed(body: Entity | None, others: Sequence[Attachment]) -> list[Entity]:
    return [*([body] if body else []), *map(_attached, others)]


def _report(mail: Mail, body: Entity | None, others: Sequence[Attachment]) -> Entity | None:
    report = class_of_report(
        (one.content_type, one.content()) for one in others if one.content_type.startswith("message/d")
    )
    if report == "IPM.Note" or report != mail.message_class:
        return None
    kind = "disposition-notification" if report.endswith("RN") else "delivery-status"
    return multipart("report", _listed(body, others), [("report-type", kind)])


def _is_opaque(mail: Mail, attachment: Attachment) -> bool:
    return mail.message_class == OPAQUE_CLASS and _looks_opaque(attachment)


def _looks_opaque(attachment: Attachment) -> bool:
    kind = attachment.content_type
    return kind in SMIME_KINDS or (kind == "application/octet-stream" and attachment.name.lower().endswith(".p7m"))


def _stands_alone(mail: Mail, attachment: Attachment) -> bool:
    """Tell whether a mail without a body may be its only attachment, with no multipart around it."""
    if attachment.content_type.startswith("text/") and attachment.item is None:
        return False
    return not _looks_opaque(attachment) or mail.message_class == OPAQUE_CLASS


def _body(mail: Mail, related: Sequence[Attachment], alternatives: Sequence[Attachment]) -> Entity | None:
    forms: list[Entity] = []
    if mail.text is not None:
        forms.append(text_entity(mail.text, "plain", mail.charset))
    if mail.rtf is not None:
        forms.append(binary_entity(b"Content-Type: application/rtf\r\n", mail.rtf))
    shown = mail.html
    if mail.rtf is not None and shown is None:
        # Hardly any reader of mail knows RTF.
        shown = to_html(mail.rtf) or None
    if shown is not None:
        html = text_entity(shown, "html", mail.charset)
        if related:
            html = multipart("related", [html, *map(_attached, related)], [("type", "text/html")])
        forms.append(html)
    if len(forms) == 1 and mail.rtf is None and not alternatives:
        return forms[0]
    forms += map(_attached, alternatives)
    return multipart("alternative", forms) if forms else None


def _attached(attachment: Attachment) -> Entity:
    return attachment_entity(attachment, None if attachment.item is None else render(attachment.item))
