"""Bodies of a mail and MAPI's: text, HTML and RTF ([MS-OXCMSG] 2.2.1.56, [MS-OXBBODY])."""

from __future__ import annotations

import re
from dataclasses import dataclass

from mailconnector.items import Mail
from mailconnector.mapi import rtf, tags
from mailconnector.mapi.codepages import codec_for_codepage
from mailconnector.mapi.objects import Properties, get
from mailconnector.mapping import reading
from mailconnector.mapping.codepages import US_ASCII, UTF_8, charset_of, page_of
from mailconnector.mapping.rtf_body import RtfOrigin, origin_of, read_rtf

_NATIVE_TEXT, _NATIVE_RTF, _NATIVE_HTML = 1, 2, 3
_LARGEST_RTF = 64 << 20
_META_CHARSET = re.compile(rb"<meta[^>]{1,200}?charset\s*=\s*[\"']?\s*([\w.:-]{1,40})", re.IGNORECASE)

OWNED = frozenset(
    {
        tags.PidTagBody >> 16,
        tags.PidTagHtml >> 16,
        tags.PidTagNativeBody >> 16,
        tags.PidTagInternetCodepage >> 16,
        tags.PidTagRtfInSync >> 16,
    }
)
"""Ids of the properties that are bodies, or say how to read them; the RTF itself is left over if it is damaged."""


@dataclass(frozen=True, slots=True)
class Bodies:
    """The bodies of a mail.

    Attributes:
        text: As in `Mail`.
        html: As in `Mail`.
        rtf: As in `Mail`.
        charset: As in `Mail`.
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


def body_properties(mail: Mail) -> Properties:
    """Return the properties of a mail's bodies."""
    properties: Properties = {}
    page = page_of(mail.charset)
    if mail.text is not None:
        properties[tags.PidTagBody] = _stored(mail.text)
        properties[tags.PidTagNativeBody] = _NATIVE_TEXT
    if mail.html is not None:
        html = _stored(mail.html)
        try:
            encoded = html.encode("ascii" if page == US_ASCII else codec_for_codepage(page))
        except UnicodeEncodeError:
            encoded, page = html.encode("utf-8", "replace"), UTF_8
        properties[tags.PidTagHtml] = encoded
        properties[tags.PidTagNativeBody] = _NATIVE_HTML
    if mail.rtf is not None:
        properties[tags.PidTagRtfCompressed] = rtf.compress(mail.rtf)
        properties[tags.PidTagNativeBody] = _NATIVE_RTF
        properties[tags.PidTagRtfInSync] = True
    properties[tags.PidTagInternetCodepage] = page
    return properties


def _stored(text: str) -> str:
    return text.replace("\0", "").replace("\n", "\r\n")


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
    if not compressed or (html is not None and native != _NATIVE_RTF):
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
