"""Fields with parameters: Content-Type and Content-Disposition ([RFC 2045] 5.1, [RFC 2183], [RFC 2231])."""

from __future__ import annotations

import re
from functools import lru_cache

from mailconnector.formats.mail import words
from mailconnector.formats.syntax import charsets

_VALUE = re.compile(r'\s*([^;"\s]*)')
# name = quoted string (closed or not), or anything up to the next semicolon.
_PARAMETER = re.compile(r'[;\s]*([^;=\s"]+)\s*(?:=\s*(?:"((?:[^"\\]|\\.)*)(?:"[^;]*|\\?\Z)|([^;]*)))?', re.DOTALL)
_ESCAPE = re.compile(r'\\(["\\])')
_SECTION = re.compile(r"(.+?)(?:\*(\d{1,4}))?(\*)?")
_PERCENT = re.compile(rb"%([0-9A-Fa-f]{2})")
_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_MAX_PARAMETERS = 256

Parameters = dict[str, str]


def parse(raw: bytes) -> tuple[str, Parameters]:
    """Return the lower-case value and the parameters, names in lower case, of a raw field value.

    Continuations and extended values are joined and decoded, encoded words too, which stand there against
    the rules. Nothing fails: what makes no sense is passed over.
    """
    return _parse_cached(raw) if len(raw) < 80 else _parse(raw)


def _parse(raw: bytes) -> tuple[str, Parameters]:
    text = words.text_of(raw)
    head = _VALUE.match(text)
    value = head[1].lower() if head else ""
    plain: Parameters = {}
    sections: dict[str, dict[int, tuple[str, bool]]] = {}
    position = head.end() if head else 0
    for _ in range(_MAX_PARAMETERS):
        match = _PARAMETER.match(text, position)
        if match is None:
            break
        position = match.end()
        name = match[1].lower()
        content = _bare(name, match[3] or "") if match[2] is None else _ESCAPE.sub(r"\1", match[2])
        _keep(name, content, plain, sections)
    for name, parts in sections.items():
        plain[name] = _joined(parts)
    return value, plain


def _bare(name: str, content: str) -> str:
    """Return a value without quotes: file names may hold blanks against the rules, the others end there."""
    content = content.strip()
    return content if "name" in name else content.partition(" ")[0]


_parse_cached = lru_cache(maxsize=1024)(_parse)


def _keep(name: str, content: str, plain: Parameters, sections: dict[str, dict[int, tuple[str, bool]]]) -> None:
    if "*" in name and (match := _SECTION.fullmatch(name)):
        parts = sections.setdefault(match[1], {})
        parts.setdefault(int(match[2] or 0), (content, match[3] is not None))
    else:
        plain.setdefault(name, words.cleaned(words.decoded(content)))


def _joined(parts: dict[int, tuple[str, bool]]) -> str:
    """Join the sections of one parameter: runs of extended ones are decoded together."""
    label = ""
    out: list[str] = []
    run = bytearray()
    for number in sorted(parts):
        content, extended = parts[number]
        if extended:
            if number == min(parts) and content.count("'") >= 2:
                label, _, content = content.split("'", 2)
            run += _PERCENT.sub(_byte, content.encode("utf-8", "replace"))
            continue
        if run:
            out.append(charsets.decode(bytes(run), label)[0])
            run.clear()
        out.append(content)
    if run:
        out.append(charsets.decode(bytes(run), label)[0])
    return words.cleaned(words.decoded("".join(out)))


def _byte(match: re.Match[bytes]) -> bytes:
    return bytes([int(match[1], 16)])


def field(name: str, value: str, parameters: list[tuple[str, str]], *, as_words: bool = False) -> bytes:
    """Return a whole field, folded, with its CRLF.

    Args:
        name: Field name.
        value: What stands before the parameters.
        parameters: In order.
        as_words: Write values that are not ASCII as encoded words in quotes, as old programs, Outlook among
            them, expect in the "name" of a Content-Type; otherwise as [RFC 2231] says.
    """
    pieces = [value]
    for key, content in parameters:
        pieces[-1] += ";"
        pieces += _pieces(key, content, as_words)
    return words.folded(name, pieces)


def _pieces(key: str, content: str, as_words: bool) -> list[str]:
    if _TOKEN.fullmatch(content) and len(content) < 60:
        return [f"{key}={content}"]
    if words.is_plain(content) and len(content) < 60:
        escaped = content.replace("\\", "\\\\").replace('"', '\\"')
        return [f'{key}="{escaped}"']
    if as_words:
        encoded = words.encoded(content, words.LINE - len(key) - 3, spare=2)
        encoded[0] = f'{key}="{encoded[0]}'
        encoded[-1] += '"'
        return encoded
    return _extended(key, content)


def _extended(key: str, content: str) -> list[str]:
    sections: list[str] = []
    piece = "utf-8''"
    for byte in content.encode("utf-8", "replace"):
        character = chr(byte)
        step = character if byte < 0x80 and (character.isalnum() or character in "-._") else f"%{byte:02X}"
        if len(piece) + len(step) > 55:
            sections.append(piece)
            piece = ""
        piece += step
    sections.append(piece)
    if len(sections) == 1:
        return [f"{key}*={sections[0]}"]
    last = len(sections) - 1
    return [f"{key}*{number}*={section}" + (";" if number < last else "") for number, section in enumerate(sections)]
