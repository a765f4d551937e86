"""Bodies of a message as its properties keep them: text, HTML and RTF ([MS-OXCMSG] 2.2.1.56, [MS-OXBBODY])."""

from __future__ import annotations

import re
from dataclasses import dataclass

from mailconnector.mapi import reading, rtf, tags
from mailconnector.mapi.charsets import US_ASCII, UTF_8, charset_of, page_of
from mailconnector.mapi.codepages import codec_for_codepage
from mailconnector.mapi.objects import Properties, get
from mailconnector.mapi.rtf_body import RtfOrigin, origin_of, read_rtf

NATIVE_TEXT, NATIVE_RTF, NATIVE_HTML = 1, 2, 3
"""Values of PidTagNativeBody."""

_LARGEST_RTF = 64 << 20
_META_CHARSET = re.compile(rb"<meta[^>]{1,200}?charset\s*=\s*[\"']?\s*([\w.:-]{1,40})", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Bodies:
    """The bodies of a message.

    Attributes:
        text: Plain text; None when there is none.
        html: HTML; None when there is none.
        rtf: RTF, uncompressed, where the message was written in RTF; None otherwise.
        charset: Lower-case name of the charset in which the message was written.
        rtf_is_read: The RTF, if there is any, is in one of the others.
    """

    text: str | None
    html: str | None
    rtf: bytes | None
    charset: str
    rtf_is_read: bool

    def is_empty(self) -> bool:
        """Tell whether there is no body at all."""
        return self.text is None and self.html is None and self.rtf is None


def read_bodies(properties: Properties) -> Bodies:
    """Return the bodies of a message.

    HTML that is kept inside RTF comes out as HTML, text as text. RTF that was written as RTF stays, beside the
    text that it says.
    """
    page = reading.number(properties, tags.PidTagInternetCodepage)
    text = _text(get(properties, tags.PidTagBody))
    html, charset = _html(properties, page)
    native = reading.number(properties, tags.PidTagNativeBody)
    compressed = reading.data(properties, tags.PidTagRtfCompressed)
    if not compressed or (html is not None and native != NATIVE_RTF):
        return Bodies(text, html, None, charset, True)
    try:
        content = rtf.decompress(compressed, lenient=True, maximum=_LARGEST_RTF)
    except rtf.RtfFormatError:
        return Bodies(text, html, None, charset, False)
    origin = origin_of(content)
    if origin is RtfOrigin.RTF:
        return Bodies(read_rtf(content).content if text is None else text, html, content, charset, True)
    if origin is RtfOrigin.HTML and html is None:
        html = read_rtf(content).content
    elif origin is RtfOrigin.TEXT and text is None:
        text = read_rtf(content).content
    return Bodies(text, html, None, charset, True)


def _text(value: object) -> str | None:
    if not isinstance(value, str):
        return None
    if "\r" in value:
        value = value.replace("\r\n", "\n").replace("\r", "\n")
    return value.replace("\0", "") if "\0" in value else value


def _html(properties: Properties, page: int) -> tuple[str | None, str]:
    """Return the HTML body and the charset in which the message was written."""
    charset = charset_of(page)
    value = properties.get(tags.PidTagHtml)
    if not isinstance(value, bytes):
        return _text(get(properties, tags.PidTagBodyHtml)), charset
    text, charset = _decoded(value, page)
    return _text(text), charset


def _decoded(value: bytes, page: int) -> tuple[str, str]:
    if value.startswith(b"\xff\xfe"):
        return value[2:].decode("utf-16-le", "replace"), "utf-8"
    if value.startswith(b"\xef\xbb\xbf"):
        return value[3:].decode("utf-8", "replace"), "utf-8"
    if not page and (meta := _META_CHARSET.search(value[:2048])):
        page = page_of(meta[1].decode("ascii").lower())
    if page == US_ASCII and not value.isascii():
        # Outlook says so of text that has bytes of its own code page.
        page = 1252
    for candidate in (page, UTF_8, 1252):
        if candidate:
            try:
                return value.decode(codec_for_codepage(candidate)), charset_of(candidate)
            except UnicodeDecodeError:
                continue
    return value.decode("cp1252", "replace"), "utf-8"
