"""Bodies of a mail and the properties that keep them ([MS-OXCMSG] 2.2.1.56, [MS-OXBBODY])."""

from __future__ import annotations

from mailconnector.items import Mail
from mailconnector.mapi import rtf, tags
from mailconnector.mapi.bodies import NATIVE_HTML, NATIVE_RTF, NATIVE_TEXT
from mailconnector.mapi.charsets import US_ASCII, UTF_8, page_of
from mailconnector.mapi.codepages import codec_for_codepage
from mailconnector.mapi.objects import Properties

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


def body_properties(mail: Mail) -> Properties:
    """Return the properties of a mail's bodies."""
    properties: Properties = {}
    page = page_of(mail.charset)
    if mail.text is not None:
        properties[tags.PidTagBody] = _stored(mail.text)
        properties[tags.PidTagNativeBody] = NATIVE_TEXT
    if mail.html is not None:
        html = _stored(mail.html)
        try:
            encoded = html.encode("ascii" if page == US_ASCII else codec_for_codepage(page))
        except UnicodeEncodeError:
            encoded, page = html.encode("utf-8", "replace"), UTF_8
        properties[tags.PidTagHtml] = encoded
        properties[tags.PidTagNativeBody] = NATIVE_HTML
    if mail.rtf is not None:
        properties[tags.PidTagRtfCompressed] = rtf.compress(mail.rtf)
        properties[tags.PidTagNativeBody] = NATIVE_RTF
        properties[tags.PidTagRtfInSync] = True
    properties[tags.PidTagInternetCodepage] = page
    return properties


def _stored(text: str) -> str:
    return (text.replace("\0", "") if "\0" in text else text).replace("\n", "\r\n")
