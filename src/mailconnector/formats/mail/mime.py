"""Mail from the bytes of a message ([RFC 5322], MIME, [MS-OXCMAIL] 2.2), well-formed or not."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from mailconnector.formats.errors import FormatError
from mailconnector.formats.mail import dates, fields, layout, parameters, tnef_parts, words
from mailconnector.formats.mail.layout import Piece, PieceKind
from mailconnector.formats.mail.structure import MAX_DEPTH, Budget, Part, content_type, field_values, scan
from mailconnector.formats.syntax import charsets, transfer
from mailconnector.items import Attachment, Flags, Mail, Placement
from mailconnector.items.headers import fields as header_fields
from mailconnector.mapi.objects import Properties
from mailconnector.mapi.rtf_html import to_html

SMIME_KINDS = frozenset({"application/pkcs7-mime", "application/x-pkcs7-mime"})
"""Content types of encrypted or opaquely signed S/MIME content."""

CONTENT_FIELDS = frozenset(
    {
        b"content-type",
        b"content-transfer-encoding",
        b"content-disposition",
        b"content-description",
        b"content-id",
        b"content-location",
        b"content-base",
        b"content-language",
        b"content-md5",
        b"content-duration",
        b"content-features",
    }
)
"""Lower-case names of the fields that describe a body, and are written anew with it."""

CUSTOM_CLASS = "urn:content-class:custom."
"""What precedes a message class in a Content-Class field ([MS-OXCMAIL] 2.2.3)."""

SIGNED_CLASS = "IPM.Note.SMIME.MultipartSigned"
"""Message class of mail with a separate S/MIME signature ([MS-OXOSMIME] 2.1.2)."""

OPAQUE_CLASS = "IPM.Note.SMIME"
"""Message class of mail that is one S/MIME blob, encrypted or signed ([MS-OXOSMIME] 2.1.1)."""

CLASS_NAME = re.compile(r"(?:IPM|REPORT)(?:\.[!-\-/-~]{1,200}){1,20}", re.IGNORECASE)
"""A message class that may come with a message; what is no item's class ("IPC" ...) may not."""

_PROTECTED = frozenset({"multipart/signed", "multipart/encrypted"}) | SMIME_KINDS
_MESSAGE_KINDS = frozenset({"message/rfc822", "message/global", "message/news"})
_RICH_KINDS = frozenset({"text/enriched", "text/richtext"})
_RTF_KINDS = frozenset({"text/rtf", "application/rtf"})
_TNEF_KINDS = frozenset({"application/ms-tnef", "application/vnd.ms-tnef"})
_TNEF_NAME = "winmail.dat"
# Parameters of a content type that have a field of their own, or none at all.
_NOT_KEPT = frozenset({"name", "boundary"})
_META_CHARSET = re.compile(rb"<meta[^>]{1,200}?charset\s*=\s*[\"']?\s*([\w.:-]{1,40})", re.IGNORECASE)
_RICH_COMMAND = re.compile(r"<(?:param>[^<]*</param|/?[A-Za-z-]{1,60})>", re.IGNORECASE | re.DOTALL)
_ACTION = re.compile(
    rb"^(?:Action[ \t]*:[ \t]*(failed|delayed|delivered|relayed|expanded)|Status[ \t]*:[ \t]*([245]))",
    re.IGNORECASE | re.MULTILINE,
)
_DISPOSITION = re.compile(rb"^Disposition[ \t]*:[^;\r\n]*;[ \t]*([a-z]+)", re.IGNORECASE | re.MULTILINE)
_BINARY = re.compile(rb"^content-transfer-encoding[ \t]*:[ \t]*binary", re.IGNORECASE | re.MULTILINE)
_UNENCODED = frozenset({b"", b"7bit", b"8bit", b"binary"})
_NO_FLAGS = Flags()
_NDR, _DR, _DELAYED = "REPORT.IPM.Note.NDR", "REPORT.IPM.Note.DR", "REPORT.IPM.Note.Delayed"
_READ, _NOT_READ = "REPORT.IPM.Note.IPNRN", "REPORT.IPM.Note.IPNNRN"
# Actions of [RFC 3464] 2.3.3, and status classes of 2.3.4, which some programs send without an action.
_ACTIONS = {
    b"failed": _NDR,
    b"delayed": _DELAYED,
    b"delivered": _DR,
    b"relayed": _DR,
    b"expanded": _DR,
    b"5": _NDR,
    b"4": _DELAYED,
    b"2": _DR,
}


class MimeFormatError(FormatError):
    """There is no message in the bytes at all."""


def parse(data: bytes, *, flags: Flags = _NO_FLAGS, received: datetime | None = None) -> Mail:
    """Return the mail in the bytes of a message.

    Whatever a program sent is read: wrong charsets, broken encodings, lost boundaries. Line ends may be CRLF
    or LF. The depth and the number of parts are bounded (see `structure`), and what is beyond stays in the
    mail as an attachment.

    Args:
        data: A whole message as a server or a file holds it.
        flags: The marks on it, which the message itself does not hold.
        received: When it reached the mailbox; None takes it from the last server's Received field.

    Raises:
        MimeFormatError: There is nothing but blanks.
    """
    if not data or data.isspace():
        raise MimeFormatError("the message is empty", hint="Delete the message, or fetch it again.")
    return _Reader(as_sent(data), Budget(), 0).mail(flags, received)


class _Reader:
    """Collects the bodies and attachments of one message."""

    def __init__(self, data: bytes, budget: Budget, depth: int) -> None:
        self.budget = budget
        self.root = scan(data, budget, depth)
        self.depth = depth
        self.text: str | None = None
        self.html: str | None = None
        self.rtf: bytes | None = None
        self.charset = ""
        self.attachments: list[Attachment] = []
        self.protected = False
        self.message_class = "IPM.Note"
        self.pieces: list[Piece] = []
        self.leftover: Properties = {}

    def mail(self, flags: Flags = _NO_FLAGS, received: datetime | None = None) -> Mail:
        root = self.root
        self._root()
        if self.rtf is not None and self.html is not None and self.html == to_html(self.rtf):
            # It was only there for readers that know no RTF.
            self.html = None
            self.pieces = [piece for piece in self.pieces if piece.kind is not PieceKind.HTML]
        original = self._original() if self.protected else b""
        headers = self._headers()
        # Lines that end in several ways: what the mail says is what its kept header says, whose ends are all alike.
        values = root.fields if root.data.startswith(headers, root.start) else field_values(headers)
        envelope = fields.read(values, root.parameters.get("charset", ""))
        received = received or fields.received(root.fields)
        message_class = self._class()
        return Mail(
            **envelope,
            message_class=message_class,
            received=None if received == envelope["date"] else received,
            text=self.text,
            html=self.html,
            rtf=self.rtf,
            charset=self.charset or charsets.UTF_8.name,
            attachments=tuple(self.attachments),
            flags=flags,
            headers=headers,
            original=original,
            layout=self._layout(headers, message_class, original),
            leftover=self.leftover,
        )

    def _layout(self, headers: bytes, message_class: str, original: bytes) -> bytes:
        head = self.root.data[: self.root.body]
        if original:
            whole = Piece(self.root.body, self.root.end, PieceKind.ORIGINAL)
            self.pieces = [whole] if original.endswith(self.root.data[self.root.body : self.root.end]) else []
        content = layout.Content(headers, message_class, self.text, self.html, self.rtf, self.attachments)
        return layout.build(
            self.root.data, self.root.body, None if head == headers + b"\r\n" else head, self.pieces, content
        )

    def _root(self) -> None:
        root = self.root
        if root.kind in SMIME_KINDS or (
            root.kind == "application/octet-stream" and _file_name(root).lower().endswith(".p7m")
        ):
            self.message_class = OPAQUE_CLASS
            self._attach(root, Placement.ATTACHED, 0)
            content = self.attachments[0].content()
            self.protected = _body_as_sent(root) != transfer.encode_base64(content)
        elif _is_smime_signed(root.kind, root.parameters):
            self.message_class = SIGNED_CLASS
            self.protected = True
            if root.parts:
                self._walk(root.parts[0], Placement.ATTACHED, 1)
            self.attachments.clear()
        elif not root.parts and root.kind.startswith("text/") and self._is_body(root, alone=True):
            if root.body < root.end or b"content-type" in root.fields:
                self._body(root)
        else:
            self._walk(root, Placement.ATTACHED, 0)
            if root.parts and self.text is None and self.html is None and self.rtf is None:
                self._preamble(root)

    def _preamble(self, root: Part) -> None:
        """Take what stands before the first part where no part is a body: old programs put the text there."""
        preamble = root.data[root.body : root.parts[0].start].rpartition(b"\n--")[0]
        if preamble.strip() and b"MIME" not in preamble:
            self.text, self.charset = _decoded(preamble + b"\n", "")

    def _walk(self, part: Part, placement: Placement, level: int) -> None:
        """Take a part and those within it; `placement` says what kind of multipart it stands in."""
        if part.kind in _PROTECTED:
            self.protected = True
        if not part.parts:
            if self._is_body(part) and self._has_room(part, placement):
                self._body(part)
            else:
                self._attach(part, placement, level)
            return
        sub = part.kind.removeprefix("multipart/")
        if sub == "related":
            self._related(part, placement, level)
            return
        inner = Placement.ALTERNATIVE if sub == "alternative" else Placement.ATTACHED
        for child in part.parts:
            self._walk(child, inner, level + 1)
        if sub == "report" and part is self.root:
            self.message_class = class_of_report((child.kind, _content(child)) for child in part.parts)

    def _related(self, part: Part, placement: Placement, level: int) -> None:
        root = _root_of(part)
        self._walk(root, placement, level + 1)
        for child in part.parts:
            if child is root:
                continue
            if child.parts:
                self._walk(child, Placement.ATTACHED, level + 1)
            else:
                self._attach(child, Placement.RELATED, level)

    def _is_body(self, part: Part, alone: bool = False) -> bool:
        if not (part.kind in ("text/plain", "text/html") or part.kind in _RICH_KINDS | _RTF_KINDS):
            return False
        disposition, _ = parameters.parse(part.fields.get(b"content-disposition", b""))
        return disposition != "attachment" and (alone or not _file_name(part))

    def _has_room(self, part: Part, placement: Placement) -> bool:
        """Tell whether the mail still lacks the body that a part would be."""
        if placement is not Placement.ALTERNATIVE:
            return self.text is None and self.html is None and self.rtf is None and part.kind not in _RTF_KINDS
        if part.kind == "text/html":
            return self.html is None
        if part.kind in _RTF_KINDS:
            return self.rtf is None
        return self.text is None

    def _body(self, part: Part) -> None:
        content = _text_content(part)
        if part.kind in _RTF_KINDS:
            self.rtf = content
            self._keep(_encoded_piece(part, PieceKind.RTF, content))
            return
        label = part.parameters.get("charset", "")
        if part.kind == "text/html":
            if not label and (meta := _META_CHARSET.search(content[:2048])):
                label = meta[1].decode("ascii")
            self.html, self.charset = _decoded(content, label)
            self._keep(_text_piece(part, PieceKind.HTML, content, self.html, self.charset))
            return
        self.text, charset = _decoded(content, label)
        self.charset = self.charset or charset
        if part.kind in _RICH_KINDS:
            self.text = _RICH_COMMAND.sub("", self.text.replace("<<", "\0")).replace("\0", "<")
            self._attach(part, Placement.ALTERNATIVE, 0)
        elif "\nbegin " in self.text or self.text.startswith("begin "):
            self.text, files = transfer.uu_files(self.text)
            for name, data in files:
                self.attachments.append(Attachment(name=_base_name(words.cleaned(name)), data=data))
        else:
            self._keep(_text_piece(part, PieceKind.TEXT, content, self.text, charset))

    def _keep(self, piece: Piece | None) -> None:
        if piece is not None:
            self.pieces.append(piece)

    def _attach(self, part: Part, placement: Placement, level: int) -> None:
        if part.kind in _TNEF_KINDS and tnef_parts.LEFTOVER_FIELD in part.fields:
            # It belongs to the item as a whole, and says nothing to who reads it as a mail.
            return
        raw_disposition = part.fields.get(b"content-disposition")
        disposition, values = parameters.parse(raw_disposition) if raw_disposition else ("", {})
        content_id = _content_id(part)
        if placement is Placement.RELATED:
            if disposition == "attachment" and f"cid:{content_id}" not in (self.html or ""):
                placement = Placement.ATTACHED
        elif placement is Placement.ATTACHED and disposition == "inline":
            placement = Placement.INLINE
        location = part.fields.get(b"content-location")
        description = part.fields.get(b"content-description")
        attachment = Attachment(
            name=_file_name(part),
            content_type=part.kind,
            data=_attached_content(part),
            placement=placement,
            content_id=content_id,
            location="".join(words.unstructured(location).split()) if location else "",
            description=words.unstructured(description) if description else "",
            parameters=tuple([item for item in part.parameters.items() if item[0] not in _NOT_KEPT]),
            created=dates.parse(values["creation-date"]) if "creation-date" in values else None,
            modified=dates.parse(values["modification-date"]) if "modification-date" in values else None,
        )
        if self._opens_tnef(part, attachment):
            return
        number = len(self.attachments)
        opened = self._opened(attachment, level)
        self.attachments.append(opened)
        content = attachment.content()
        if opened.item is not None:
            if content == part.data[part.body : part.end]:
                self.pieces.append(layout.item_piece(content, part.body, number))
        elif opened.data is attachment.data:
            self._keep(_encoded_piece(part, PieceKind.DATA, content, number))

    def _opens_tnef(self, part: Part, attachment: Attachment) -> bool:
        """Take what is in a winmail.dat; False when the attachment is none."""
        if attachment.content_type not in _TNEF_KINDS and attachment.name.lower() != _TNEF_NAME:
            return False
        content = attachment.content()
        opened = tnef_parts.opened(content)
        if opened is None:
            return False
        if self.html is None and self.rtf is None:
            self.html, self.rtf = opened.html, opened.rtf
        if self.text is None:
            self.text = opened.text
        self.charset = self.charset or opened.charset
        self.attachments += opened.attachments
        if self.message_class == "IPM.Note":
            self.message_class = opened.message_class
        self.leftover = self.leftover or opened.leftover
        raw = part.data[part.body : part.end]
        if _encoding(part) == b"base64":
            self._keep(layout.base64_piece(raw, part.body, PieceKind.BLOB, content, payload=content))
        return True

    def _opened(self, attachment: Attachment, level: int) -> Attachment:
        """Return an attachment with its mail read, or its link, if it is one."""
        content = attachment.content()
        depth = self.depth + level + 1
        if attachment.content_type in _MESSAGE_KINDS:
            if depth < MAX_DEPTH and self.budget.parts > 0 and content.strip():
                item = _Reader(as_sent(content), self.budget, depth).mail()
                return replace(attachment, content_type="message/rfc822", item=item, data=b"", parameters=())
            # Opaque, so that nobody looks for a message in it again.
            return replace(attachment, content_type="application/octet-stream")
        if attachment.content_type == "message/external-body":
            values = dict(attachment.parameters)
            if values.get("access-type", "").lower() == "url" and values.get("url"):
                kind = scan(content, Budget(1)).kind
                url = "".join(values["url"].split())
                return replace(attachment, content_type=kind, reference=url, data=b"", parameters=())
        return attachment

    def _class(self) -> str:
        if self.message_class == "IPM.Note" and (raw := self.root.fields.get(b"content-class")):
            name = words.unstructured(raw)
            if name.lower().startswith(CUSTOM_CLASS):
                custom = name[len(CUSTOM_CLASS) :]
                if CLASS_NAME.fullmatch(custom):
                    return custom
        return self.message_class

    def _headers(self) -> bytes:
        root = self.root
        block = root.data[root.start : root.header_end]
        if root.stray:
            block = b"".join([whole for whole, _, _ in header_fields(block)])
        return _with_crlf(block if not block or block.endswith(b"\n") else block + b"\r\n")

    def _original(self) -> bytes:
        root = self.root
        content = b"".join(
            [whole for whole, name, _ in header_fields(self._headers()) if name.lower() in CONTENT_FIELDS]
        )
        return content + b"\r\n" + _body_as_sent(root)


def class_of_report(parts: Iterable[tuple[str, bytes]]) -> str:
    """Return the message class of a multipart/report, from the (content type, content) of its parts.

    A delivery report that does not say what happened is one of failure: nobody sends the others so carelessly.
    """
    for kind, content in parts:
        if kind == "message/delivery-status":
            found = [_ACTIONS[(action or status).lower()] for action, status in _ACTION.findall(content)]
            return found[0] if found and _NDR not in found else _NDR
        if kind == "message/disposition-notification":
            disposition = _DISPOSITION.search(content)
            return _READ if disposition and disposition[1].lower() == b"displayed" else _NOT_READ
    return "IPM.Note"


def class_of_original(original: bytes) -> str:
    """Return the message class of signed or encrypted mail, from the entity that is kept of it."""
    kind, values = content_type(field_values(original).get(b"content-type"))
    if kind in SMIME_KINDS:
        return OPAQUE_CLASS
    return SIGNED_CLASS if _is_smime_signed(kind, values) else "IPM.Note"


def _is_smime_signed(kind: str, values: parameters.Parameters) -> bool:
    return kind == "multipart/signed" and "pkcs7" in values.get("protocol", "").lower()


def _with_crlf(block: bytes) -> bytes:
    if block.count(b"\n") == block.count(b"\r\n"):
        return block
    return block.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def _body_as_sent(root: Part) -> bytes:
    """Return a message's body; a file with LF line ends holds what was sent, and is signed, with CRLF."""
    body = root.data[root.body : root.end]
    return body if b"\r\n" in body else body.replace(b"\n", b"\r\n")


def _content(part: Part) -> bytes:
    body = part.data[part.body : part.end]
    encoding = part.fields.get(b"content-transfer-encoding")
    return transfer.decode(body, encoding) if encoding else body


def _text_content(part: Part) -> bytes:
    """Return the content of a text, with LF line ends where they come cheaply."""
    encoding = part.fields.get(b"content-transfer-encoding", b"")
    if b"quoted-printable" in encoding.lower():
        body = part.data[part.body : part.end]
        return transfer.decode_quoted_printable(body.translate(None, b"\r"))
    return _content(part)


def _attached_content(part: Part) -> bytes:
    """Return an attachment's content; what was sent as lines of text has CRLF ends whatever file it came in."""
    content = _content(part)
    encoding = part.fields.get(b"content-transfer-encoding", b"7bit").strip().lower()
    if encoding not in (b"7bit", b"8bit"):
        return content
    is_text = part.kind.startswith(("text/", "message/"))
    return _with_crlf(content) if is_text or b"\r\n" not in part.data[part.start : part.body] else content


def as_sent(data: bytes) -> bytes:
    """Return a message with CRLF line ends if its own are all LF, or all CR: files have those, messages do not."""
    if b"\r\n" in data:
        return data
    if b"\n" not in data:
        return data.replace(b"\r", b"\r\n")
    return data if _BINARY.search(data) else data.replace(b"\n", b"\r\n")


def _encoding(part: Part) -> bytes:
    return part.fields.get(b"content-transfer-encoding", b"").strip().lower()


def _text_piece(part: Part, kind: PieceKind, content: bytes, text: str, charset: str) -> Piece | None:
    """Return how a text is written in a message; None where it has to be kept as it came."""
    encoding = _encoding(part)
    raw = part.data[part.body : part.end]
    if encoding == b"base64":
        return layout.encoded_text_piece(raw, part.body, kind, content, text, charset)
    return layout.text_piece(raw, part.body, kind, text, charset) if encoding in _UNENCODED else None


def _encoded_piece(part: Part, kind: PieceKind, content: bytes, number: int = 0) -> Piece | None:
    """Return how an attachment is written in a message; None where it has to be kept as it came."""
    raw = part.data[part.body : part.end]
    if raw == content:
        return Piece(part.body, part.end, kind, number)
    return layout.base64_piece(raw, part.body, kind, content, number=number) if _encoding(part) == b"base64" else None


def _decoded(content: bytes, label: str) -> tuple[str, str]:
    text, charset = charsets.decode(content, label)
    if "\r" in text:
        # Taking all CRs away and putting them before each LF again costs half of what it costs to look for pairs.
        bare = text.replace("\r", "")
        text = bare if bare.replace("\n", "\r\n") == text else text.replace("\r\n", "\n").replace("\r", "\n")
    return text.replace("\0", "") if "\0" in text else text, charset


def _content_id(part: Part) -> str:
    raw = part.fields.get(b"content-id")
    return words.unstructured(raw).strip("<> ") if raw else ""


def _root_of(part: Part) -> Part:
    """Return the part of a multipart/related that refers to the others ([RFC 2387] 3.2)."""
    start = part.parameters.get("start", "").strip("<> ")
    for child in part.parts:
        if start and _content_id(child) == start:
            return child
    kind = part.parameters.get("type", "").lower()
    if kind and part.parts[0].kind != kind:
        for child in part.parts:
            if child.kind == kind:
                return child
    return part.parts[0]


def _file_name(part: Part) -> str:
    raw = part.fields.get(b"content-disposition")
    name = parameters.parse(raw)[1].get("filename", "") if raw else ""
    return _base_name(name or part.parameters.get("name", ""))


def _base_name(name: str) -> str:
    """Return a file name without the path that some programs send with it."""
    return name.replace("\\", "/").rstrip("/").rpartition("/")[2]
