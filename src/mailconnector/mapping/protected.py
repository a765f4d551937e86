"""Signed and encrypted mail, which must come out byte for byte ([MS-OXOSMIME] 2.1, [MS-OXCMAIL] 2.1.3.6).

Outlook keeps clear-signed mail as one attachment with the whole signed content, and S/MIME blobs as one attachment
with the blob. For what it takes apart, such as PGP/MIME, the content is kept beside it, with a digest of what was
made of it: when that changes, the kept content is not the mail any more.
"""

from __future__ import annotations

from dataclasses import replace
from hashlib import blake2b

from mailconnector.items import Attachment, Mail
from mailconnector.mapi import reading, tags
from mailconnector.mapi.objects import AttachmentObject, MessageObject, Properties
from mailconnector.mapping import own

SIGNED = "IPM.Note.SMIME.MultipartSigned"
_FILE = "smime.p7m"
_SIGNED_TYPE = "multipart/signed"
OPAQUE = "IPM.Note.SMIME"
_OPAQUE_TYPE = "application/pkcs7-mime"


def is_signed(mail: Mail) -> bool:
    """Tell whether a mail is clear-signed in S/MIME's way, and so is kept as one attachment."""
    return bool(mail.original) and mail.message_class == SIGNED


def signed_attachment(mail: Mail) -> AttachmentObject:
    """Return the one attachment of a clear-signed mail."""
    properties: Properties = {
        tags.PidTagAttachMethod: 1,
        tags.PidTagRenderingPosition: -1,
        tags.PidTagDisplayName: _FILE,
        tags.PidTagAttachLongFilename: _FILE,
        tags.PidTagAttachFilename: _FILE,
        tags.PidTagAttachExtension: ".p7m",
        tags.PidTagAttachMimeTag: _SIGNED_TYPE,
    }
    return AttachmentObject(properties, data=mail.original)


def original_properties(mail: Mail) -> Properties:
    """Return the properties that keep a mail's original beside what is made of it; none if there is no need."""
    if not mail.original or is_signed(mail):
        return {}
    return {own.MIME_ORIGINAL: mail.original, own.MIME_ORIGINAL_CHECK: _digest(mail)}


def with_original(mail: Mail, source: MessageObject) -> Mail:
    """Return a mail that was read from a message with its original, if the message still is what that says."""
    if mail.message_class.startswith(SIGNED) and len(mail.attachments) == 1:
        attachment = mail.attachments[0]
        if attachment.item is None and _is_entity(attachment):
            return replace(mail, original=attachment.content(), attachments=())
    if mail.message_class == OPAQUE and len(mail.attachments) == 1:
        mail = replace(mail, attachments=(_opaque(mail.attachments[0]),))
    original = reading.data(source.properties, own.MIME_ORIGINAL)
    if original and reading.data(source.properties, own.MIME_ORIGINAL_CHECK) == _digest(mail):
        return replace(mail, original=original)
    return mail


def _is_entity(attachment: Attachment) -> bool:
    if attachment.content_type == _SIGNED_TYPE:
        return True
    return attachment.content()[:4096].lower().find(b"multipart/signed") >= 0


def _opaque(attachment: Attachment) -> Attachment:
    """Return the attachment of an S/MIME blob with its content type, which stores do not always have."""
    if "pkcs7-mime" in attachment.content_type:
        return attachment
    return replace(attachment, content_type=_OPAQUE_TYPE, name=attachment.name or _FILE)


def _digest(mail: Mail) -> bytes:
    digest = blake2b(digest_size=16)
    for piece in (mail.text, mail.html):
        digest.update(b"-" if piece is None else b"+" + piece.encode("utf-8", "replace"))
        digest.update(b"\0")
    for attachment in mail.attachments:
        digest.update(f"{attachment.name}\0{attachment.size()}\0".encode("utf-8", "replace"))
    return digest.digest()
