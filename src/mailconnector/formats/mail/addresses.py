"""Address fields ([RFC 5322] 3.4) as they are written well and badly."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from mailconnector.formats.mail import words
from mailconnector.items import Address

# One address as nearly all fields have it: name <address>, or an address alone.
_SIMPLE = re.compile(
    r'([^"<>(),:;\\=@\[\]]*)<([^<>\s@,"\\:;()]+@[^<>\s@,"\\:;()]+)>'
    r'|"([^"<>\\=]*)"\s*<([^<>\s@,"\\:;()]+@[^<>\s@,"\\:;()]+)>'
    r'|([^\s<>,"();:@\\=]+@[^\s<>,"();:@\\]+)'
)
# One of a list of such addresses, up to its comma.
_MEMBER = re.compile(
    r'[ \t]*(?:"([^"<>\\=]*)"[ \t]*|([^"<>(),:;\\=@\[\]]*))'
    r'<([^<>\s@,"\\:;()]+@[^<>\s@,"\\:;()]+)>[ \t]*(?:,|\Z)'
)
# Encoded words come first: broken ones hold commas and angle brackets.
_TOKEN = re.compile(
    r"(?P<blank>\s+)"
    r"|(?P<word>=\?[^?\s]{1,200}\?[bBqQ]\?(?:[^?]|\?(?!=)){0,150}\?=)"
    r'|(?P<quoted>"(?:[^"\\]|\\.)*(?:"|(?P<unclosed>\\?\Z)))'
    r'|(?P<angle><(?:"(?:[^"\\]|\\.)*"|[^"<>])*>|<[^<>,]*)'
    r"|(?P<literal>\[[^\]\s,]*\]?)"
    r"|(?P<special>[(),:;])"
    r'|(?P<atom>[^\s"<>(),:;\[\]=]+|.)',
    re.DOTALL,
)
# Once a quotation mark has no partner, the rest is read without them.
_TOKEN_UNQUOTED = re.compile(
    r"(?P<blank>\s+)|(?P<word>=\?[^?\s]{1,200}\?[bBqQ]\?(?:[^?]|\?(?!=)){0,150}\?=)|(?P<angle><[^<>]*>|<[^<>,]*)"
    r"|(?P<literal>\[[^\]\s,]*\]?)|(?P<special>[(),:;])|(?P<atom>[^\s\"<>(),:;\[\]=]+|.)",
    re.DOTALL,
)
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_COMMENT_STEP = re.compile(r"[^()\\]+|\\.?|[()]", re.DOTALL)
_HIDDEN = re.compile(r"([^<>]*)<([^<>\s@]+@[^<>\s@]+)>")
_BLANKS = re.compile(r"\s+")
_LOCAL = re.compile(r"[A-Za-z0-9!#$%&'*+\-/=?^_`{|}~.\x80-\U0010ffff]+")
_DOMAIN = re.compile(r"(?:[^\s<>@,;:\\\"()\[\]\x00-\x1f\x7f]+|\[[^\[\]\s<>\\]*\])")
_FOREIGN = re.compile(r"IMCEA([A-Z0-9_]*)-([A-Za-z0-9_+]*)@foreign\.invalid", re.IGNORECASE)
_CODED = re.compile(rb"\+([0-9A-Fa-f]{2})")

# "undisclosed-recipients:;" and its translations say that there is no address to name.
_NOBODY = re.compile(
    r"(?:un-?disclosed|unlisted)[\s_-]*recipients?|undisclosed|recipient list (?:not shown|suppressed)",
    re.IGNORECASE,
)

_LONGEST = 1_000_000


def parse(raw: bytes, label: str = "") -> tuple[Address, ...]:
    """Return the addresses of a raw field value, in order.

    Groups give their members; a group without any gives its name without an address, unless it says that the
    recipients are undisclosed. Nothing fails: whatever else is written becomes a name.

    Args:
        raw: Raw value, folded or not; everything after the first million characters is left.
        label: Charset of 8-bit text that is no UTF-8.
    """
    return _parse_cached(raw, label) if len(raw) < 200 else _parse(raw, label)


def _parse(raw: bytes, label: str) -> tuple[Address, ...]:
    text = words.text_of(raw, label)
    simple = _SIMPLE.fullmatch(text)
    if simple is None:
        return _parse_list(text) or tuple(_Reader(text[:_LONGEST]).addresses)
    name = simple[1] or simple[3] or ""
    return (_address(words.cleaned(name), simple[2] or simple[4] or simple[5]),)


def _parse_list(text: str) -> tuple[Address, ...]:
    """Read a list of addresses with nothing special about them; empty when it is not that simple."""
    found: list[Address] = []
    position = 0
    while position < len(text):
        match = _MEMBER.match(text, position)
        if match is None:
            return ()
        found.append(_address(words.cleaned(match[1] or match[2] or ""), match[3]))
        position = match.end()
    return tuple(found)


# The same few people write and get most of a mailbox.
_parse_cached = lru_cache(maxsize=4096)(_parse)


class _Reader:
    """Reads one field's text token by token; each token is looked at once."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.addresses: list[Address] = []
        self.name: list[str] = []
        self.comments: list[str] = []
        self.angle: str | None = None
        self.group: str | None = None
        self.group_start = 0
        self.unclosed = False
        self.token = _TOKEN
        position = 0
        while match := self.token.match(text, position):
            position = self._take(match)
        self._end_address()
        self._end_group()

    def _take(self, match: re.Match[str]) -> int:
        kind, token = match.lastgroup, match[0]
        if kind == "special":
            if token == "(":
                return self._comment(match.end())
            self._separator(token)
        elif kind == "angle":
            self._angle(token)
        elif kind in {"quoted", "unclosed"}:
            if match["unclosed"] is not None:
                self.token = _TOKEN_UNQUOTED
                return match.start() + 1
            is_local = self.text.startswith("@", match.end())
            self.name.append(token if is_local else _ESCAPE.sub(r"\1", token[1:].removesuffix('"')))
        elif kind == "blank":
            if self.name:
                self.name.append(" ")
        else:
            self.name.append(token)
        return match.end()

    def _comment(self, start: int) -> int:
        """Take a comment, which may hold others; where it never ends, the parenthesis is a mere character."""
        depth = 1
        pieces: list[str] = []
        for step in () if self.unclosed else _COMMENT_STEP.finditer(self.text, start):
            if step[0] == "(":
                depth += 1
            elif step[0] == ")":
                depth -= 1
                if depth == 0:
                    self.comments.append("".join(pieces))
                    return step.end()
            pieces.append(step[0][1:] if step[0][0] == "\\" else step[0])
        self.unclosed = True
        self.name.append("(")
        return start

    def _angle(self, token: str) -> None:
        inner = token.strip("<> \t")
        # A comma was forgotten between two addresses, or two were put into one pair of brackets.
        more = [] if inner.startswith("@") or '"' in inner else inner.split(",")
        for one in more[:-1]:
            self.angle = one if self.angle is None else self.angle
            self._end_address()
        if self.angle is not None:
            self._end_address()
        self.angle = more[-1].strip() if more else inner

    def _separator(self, token: str) -> None:
        if token == ":":
            phrase = "".join(self.name).strip()
            if self.angle is None and self.group is None and "@" not in phrase and phrase.lower() != "mailto":
                self.group = _name_of(phrase)
                self.group_start = len(self.addresses)
                self.comments.clear()
            self.name.clear()
            return
        self._end_address()
        if token == ";":
            self._end_group()

    def _end_group(self) -> None:
        if self.group and len(self.addresses) == self.group_start:
            self._add(self.group, "")
        self.group = None

    def _end_address(self) -> None:
        phrase = "".join(self.name).strip()
        comment = " ".join(self.comments)
        if self.angle is not None:
            self._add(phrase or comment, self.angle)
        elif phrase:
            self._add_bare(phrase, comment)
        self.name.clear()
        self.comments.clear()
        self.angle = None

    def _add_bare(self, phrase: str, comment: str) -> None:
        """Take what has no angle brackets: an address, a name, or both."""
        if "=?" in phrase:
            self._add(phrase, "")
            return
        quoted = _QUOTED.match(phrase)
        if quoted and phrase.startswith("@", quoted.end()):
            self._add(comment, phrase)
            return
        if phrase.count("@") == 1 and (" @" in phrase or "@ " in phrase):
            phrase = _BLANKS.sub("", phrase)
        pieces = phrase.split()
        if len(pieces) == 1:
            self._add(comment, phrase)
            return
        emails = [piece for piece in pieces if "@" in piece.strip("@")]
        if emails:
            pieces.remove(emails[-1])
            self._add(" ".join(pieces), emails[-1])
        else:
            self._add(phrase, "")

    def _add(self, phrase: str, email: str) -> None:
        name = _name_of(phrase)
        if not email and (hidden := _HIDDEN.fullmatch(name)):
            # The whole address was put into encoded words.
            name, email = hidden[1].strip(' "'), hidden[2]
        email = _email_of(email)
        if "@" not in email and " " in email:
            name, email = name or email, ""
        if email or (name and not _NOBODY.fullmatch(name)):
            self.addresses.append(_address(name, email))


def _name_of(phrase: str) -> str:
    return words.cleaned(words.decoded(phrase))


def _email_of(text: str) -> str:
    text = words.cleaned(words.decoded(text))
    if text.startswith("@") and ":" in text:
        text = text.rpartition(":")[2]
    if text.lower().startswith("mailto:"):
        text = text[7:]
    if text.startswith("'") and text.endswith("'"):
        text = text[1:-1]
    return text


def _address(name: str, email: str) -> Address:
    foreign = _FOREIGN.fullmatch(email)
    if foreign is None:
        # An address as its own name says nothing more, and stores do not tell it from none.
        return Address("" if name == email else name, email)
    coded = foreign[2].replace("_", "/").encode("ascii")
    plain = _CODED.sub(lambda match: bytes([int(match[1], 16)]), coded)
    return Address(name, plain.decode("utf-8", "replace"), foreign[1].upper())


def field(name: str, addresses: Sequence[Address]) -> bytes:
    """Return a whole address field, folded, with its CRLF."""
    pieces: list[str] = []
    for number, address in enumerate(addresses):
        room = words.LINE - (len(name) + 2 if number == 0 else 1)
        pieces += _pieces(address, room)
        if number < len(addresses) - 1:
            pieces[-1] += ","
    return words.folded(name, pieces)


def _pieces(address: Address, room: int) -> list[str]:
    email = spelled(address)
    if not email:
        # A name alone is a group without members: the one way to say so within the rules.
        pieces = words.phrase(address.name or "?", room)
        pieces[-1] += ":;"
        return pieces
    if not address.name:
        return [email if address.kind == "SMTP" and _is_bare(email) else f"<{email}>"]
    return [*words.phrase(address.name, room), f"<{email}>"]


def _is_bare(email: str) -> bool:
    return "@" in email and '"' not in email


def spelled(address: Address) -> str:
    """Return an address as it stands in a field: SMTP ones as they are, quoted where they need it.

    Addresses of other kinds (Exchange's own, fax ...) are no Internet addresses. They are put into the local
    part of one that nobody can have, in the manner of [MS-OXCMAIL] (IMCEA encapsulation), and `parse` gives
    them back.
    """
    email = address.email
    if not email:
        return ""
    if address.kind.upper() in ("SMTP", ""):
        local, at, domain = email.rpartition("@")
        if not at and _LOCAL.fullmatch(email):
            return email
        if at and _DOMAIN.fullmatch(domain):
            if _LOCAL.fullmatch(local) or (_QUOTED.fullmatch(local) and local.isprintable()):
                return email
            if local.isprintable() and '"' not in local and "\\" not in local:
                return f'"{local}"@{domain}'
    coded = "".join(
        chr(byte) if byte < 0x80 and chr(byte).isalnum() else "_" if byte == 0x2F else f"+{byte:02X}"
        for byte in email.encode("utf-8", "replace")
    )
    return f"IMCEA{address.kind.upper()}-{coded}@foreign.invalid"
