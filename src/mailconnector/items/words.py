"""The words of a body, whatever form it has: by them it is known again in another form."""

from __future__ import annotations

import html
import re

from mailconnector.items.mail import Mail
from mailconnector.mapi.rtf_body import RtfOrigin, read_rtf

_LONGEST = 1 << 20
_UNSEEN = re.compile(r"<(style|script|head|title)\b.*?(?:</\1\s*>|\Z)|<!--.*?(?:-->|\Z)", re.DOTALL | re.IGNORECASE)
_TAG = re.compile(r"<[/!?a-zA-Z][^<>]*>")


def words_of(mail: Mail) -> str:
    """Return the words of a mail's body without any blanks; of a very long one, those that it begins with."""
    if mail.text and mail.text.strip():
        text = mail.text[:_LONGEST]
    elif mail.html:
        text = _of_html(mail.html)
    elif mail.rtf:
        body = read_rtf(mail.rtf)
        text = _of_html(body.content) if body.origin is RtfOrigin.HTML else body.content[:_LONGEST]
    else:
        return ""
    return "".join(text.split())


def _of_html(source: str) -> str:
    return html.unescape(_TAG.sub("", _UNSEEN.sub("", source[:_LONGEST])))
