"""The lines of vCards of every version: from bytes and back, without knowing what a property means.

Between the two a line has the form of version 4.0 whatever it came in (RFC 6350): text is escaped, parameters have
names, types are in lower case, a preference is the parameter PREF, binary content is a "data:" URI.

| version | read | how |
|---|---|---|
| 4.0 | RFC 6350, 6868 | parameters and folding by the library icalendar, which knows vCards |
| 3.0 | RFC 2426, 4770 | the same |
| 2.1 | vCard, the electronic business card | bare parameters, quoted-printable, charsets, folds: here |
"""

from __future__ import annotations

import quopri
import re
from base64 import b64encode
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from icalendar.parser import Contentline

from mailconnector.formats.errors import FormatError
from mailconnector.formats.syntax import charsets, transfer
from mailconnector.formats.syntax.line_parameters import CONTROLS, Params, head_end, read_parameters, written_parameters

MAX_FILE = 256 << 20
"""Bytes of the largest file."""

MAX_CARDS = 100_000
"""Cards in a file."""

MAX_LINES = 10_000
"""Lines of a card."""

MAX_LINE = 48 << 20
"""Characters of a line: a photo of some 32 MiB, in base64."""

MAX_FOLDS = 1_000_000
"""Pieces of a line."""

MAX_HEAD = 256 << 10
"""Characters of a line before its value."""

V2, V3, V4 = "2.1", "3.0", "4.0"

_WIDTH = 75
_START = re.compile(r"(?:[A-Za-z0-9_-]+\.)?[A-Za-z0-9_-]+[ \t]*[;:]")
_BOUNDARY = re.compile(r"(BEGIN|END)[ \t]*:[ \t]*VCARD[ \t]*\Z", re.IGNORECASE)
_ENCODED = re.compile(r";[ \t]*(?:ENCODING[ \t]*=[ \t]*)?(?:BASE64|B)[ \t]*(?:;|\Z)", re.IGNORECASE)
_DATA = re.compile(r"data:([^;,]*)((?:;[^;,]*)*),(.*)\Z", re.DOTALL | re.IGNORECASE)
_MEDIA = re.compile(r"[A-Za-z0-9!#$&^_.+-]{1,60}")
_UNESCAPED = re.compile(r"\\(.)", re.DOTALL)
_LISTS = frozenset({"N", "CATEGORIES"})
_URIS = frozenset({"URL", "FBURL", "CALURI", "CALADRURI", "IMPP", "SOURCE", "MEMBER", "GEO"})
_IMAGES = {b"\xff\xd8": "image/jpeg", b"\x89PNG": "image/png", b"GIF8": "image/gif", b"BM": "image/bmp"}
_MEDIA_OF = {"PHOTO": "image", "LOGO": "image", "SOUND": "audio", "KEY": "application"}
_KEYS = {"x509": "application/pkix-cert", "pgp": "application/pgp-keys"}
_BINARY_TYPES = frozenset({"jpeg", "jpg", "png", "gif", "bmp", "tiff", "x509", "pgp", "wave", "basic", "pcm", "mpeg"})


class CardFormatError(FormatError):
    """Bytes are no vCard, or larger than anything that is one.

    Attributes:
        card: Which card of the file, counted from 1; 0 for the whole file.
    """

    def __init__(self, message: str, *, card: int = 0, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.card = card


@dataclass(frozen=True, slots=True)
class Line:
    """A property of a card.

    Attributes:
        name: In upper case.
        value: As it stands in version 4.0, its text escaped.
        params: Parameters and their values, names in upper case, those of TYPE in lower case.
        group: What ties several lines together; may be empty.
    """

    name: str
    value: str
    params: Params = ()
    group: str = ""

    def values(self, param: str) -> tuple[str, ...]:
        """Return the values of a parameter."""
        return next((values for name, values in self.params if name == param), ())

    def param(self, param: str) -> str:
        """Return a parameter of one value; empty when there is none."""
        return ",".join(self.values(param))

    @property
    def types(self) -> frozenset[str]:
        """What it is for, in lower case."""
        return frozenset(self.values("TYPE"))

    @property
    def preference(self) -> int:
        """How much it is liked, 1 to 100; the least is liked best (RFC 6350 5.3)."""
        text = self.param("PREF")
        return int(text) if text.isascii() and text.isdigit() and len(text) < 4 else 100

    def unranked(self) -> Line:
        """Return it without a preference."""
        return replace(self, params=tuple([one for one in self.params if one[0] != "PREF"]))

    def text(self) -> str:
        """Return the value as one text."""
        return unescape(self.value)

    def parts(self) -> list[str]:
        """Return the texts between semicolons."""
        return [unescape(one) for one in _split(self.value, ";")]

    def listed(self) -> list[str]:
        """Return the texts between commas."""
        return [unescape(one) for one in _split(self.value, ",")]

    def lists(self, most: int) -> list[list[str]]:
        """Return the texts between commas for each of the first parts between semicolons."""
        return [[unescape(one) for one in _split(part, ",")] for part in _split(self.value, ";")[:most]]

    def data(self) -> tuple[str, bytes] | None:
        """Return media type and content of what is held in the line itself; None when it lies elsewhere or is text."""
        found = _DATA.match(self.value)
        if found is None or ";base64" not in found[2].lower():
            return None
        return found[1].lower(), transfer.decode_base64(found[3].encode("ascii", "ignore"))


def line(name: str, value: str, group: str = "", **params: str | Sequence[str]) -> Line:
    """Return a line with a value that is escaped already; underscores in parameters' names are hyphens."""
    made = [
        (key.replace("_", "-"), (values,) if isinstance(values, str) else tuple(values))
        for key, values in params.items()
    ]
    return Line(name, value, tuple([(key, values) for key, values in made if values and values != ("",)]), group)


def escape(text: str) -> str:
    """Return a text as a value, or as a part of one."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").translate(CONTROLS)
    return text.replace("\\", "\\\\").replace(",", "\\,").replace(";", "\\;").replace("\n", "\\n")


def escape_uri(text: str) -> str:
    """Return a text that should be a URI as a value: commas and semicolons are its own."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").translate(CONTROLS)
    return text.replace("\\", "\\\\").replace("\n", "\\n")


def unescape(value: str) -> str:
    """Return the text that a value means."""
    return _UNESCAPED.sub(lambda found: "\n" if found[1] in "nN" else found[1], value)


def data_uri(media_type: str, content: bytes) -> str:
    """Return content as the value of a line."""
    return f"data:{media_type};base64,{b64encode(content).decode('ascii')}"


# -- reading -----------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Raw:
    """A line as it is gathered: pieces, and whether each came after a fold."""

    pieces: list[tuple[bool, str]]
    printable: bool
    base64: bool
    size: int

    def joined(self, version: str) -> str:
        """Return it without folds; the space of one belongs to the text in version 2.1 alone."""
        return "".join([piece[1:] if folded and version != V2 else piece for folded, piece in self.pieces])


def read(data: bytes) -> Iterator[tuple[str, list[Line]]]:
    """Yield the version and the lines of each card in a file, BEGIN, VERSION and END left out.

    A line that is none at all goes on with the line before it, as programs forced it that do not fold.

    Raises:
        CardFormatError: There is no card, one is not closed, or something is beyond its bound.
    """
    if len(data) > MAX_FILE:
        raise CardFormatError(f"a file of cards has {len(data)} bytes", hint=f"{MAX_FILE} are the most that is read")
    text, is_utf_8 = _decoded(data)
    number = 0
    for number, raw in enumerate(_cards(text), 1):
        if number > MAX_CARDS:
            raise CardFormatError(f"a file has more than {MAX_CARDS} cards")
        version = _version(raw)
        lines = [_line(one.joined(version), version, is_utf_8) for one in raw]
        yield version, [one for one in lines if one.name != "VERSION"]
    if not number:
        raise CardFormatError("there is no card in it", hint="a card stands between BEGIN:VCARD and END:VCARD")


def _decoded(data: bytes) -> tuple[str, bool]:
    """Return the bytes as characters, and whether those are the real ones: else each stands for a byte."""
    for mark, codec in ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if data.startswith(mark):
            return data.decode(codec, "replace").lstrip("\ufeff"), True
    try:
        return data.decode("utf-8"), True
    except UnicodeDecodeError:
        return data.decode("latin-1"), False


def _cards(text: str) -> Iterator[list[_Raw]]:
    inside: list[_Raw] | None = None
    agents: list[str] | None = None
    depth = number = 0
    for physical in _physical(text.replace("\r\n", "\n").replace("\r", "\n")):
        if inside is not None and inside and inside[-1].printable and inside[-1].pieces[-1][1].endswith("="):
            folded, last = inside[-1].pieces[-1]
            inside[-1].pieces[-1] = (folded, last[:-1])
            _append(inside[-1], False, physical, number)
            continue
        edge = _BOUNDARY.match(physical.strip()) if len(physical) < 100 else None
        if edge is not None and edge[1].upper() == "BEGIN":
            depth += 1
            if inside is None:
                inside, number = [], number + 1
                continue
            if depth > 2 or agents is not None or not inside or not _is_agent(inside[-1]):
                raise CardFormatError("a card is not closed", card=number, hint="END:VCARD is missing")
            agents = []
        if inside is None:
            continue
        if agents is not None:
            agents.append(physical)
            if edge is not None and edge[1].upper() == "END":
                _append(inside[-1], False, "\n".join(agents), number)
                agents, depth = None, depth - 1
            continue
        if edge is not None:
            yield inside
            inside, depth = None, 0
            continue
        _gather(inside, physical, number)
    if inside is not None:
        raise CardFormatError("a card is not closed", card=number, hint="END:VCARD is missing")


def _physical(text: str) -> Iterator[str]:
    start = 0
    while (end := text.find("\n", start)) >= 0:
        yield text[start:end]
        start = end + 1
    yield text[start:]


def _gather(inside: list[_Raw], physical: str, number: int) -> None:
    if physical[:1] in {" ", "\t"} and inside:
        _append(inside[-1], True, physical, number)
    elif not physical.strip():
        return
    elif _START.match(physical):
        if len(inside) >= MAX_LINES:
            raise CardFormatError(f"a card has more than {MAX_LINES} lines", card=number)
        head = physical[: physical.find(":")] if ":" in physical else ""
        printable = "QUOTED-PRINTABLE" in head[:MAX_HEAD].upper()
        inside.append(_Raw([], printable, _ENCODED.search(head[:MAX_HEAD]) is not None, 0))
        _append(inside[-1], False, physical, number)
    elif not inside:
        raise CardFormatError("a card begins with what is no property", card=number)
    else:
        _append(inside[-1], False, physical if inside[-1].base64 else "\n" + physical, number)


def _append(raw: _Raw, folded: bool, piece: str, number: int) -> None:
    raw.size += len(piece) + 1
    if raw.size > MAX_LINE or len(raw.pieces) >= MAX_FOLDS:
        raise CardFormatError(f"a line of a card has more than {MAX_LINE} characters or {MAX_FOLDS} folds", card=number)
    raw.pieces.append((folded, piece))


def _is_agent(raw: _Raw) -> bool:
    return (
        len(raw.pieces) < 4 and re.fullmatch(r"(?i)AGENT[^:]*:\s*", "".join(one for _, one in raw.pieces)) is not None
    )


def _version(raw: Iterable[_Raw]) -> str:
    for one in raw:
        name, _, value = one.pieces[0][1].partition(":")
        if name.strip().upper() == "VERSION":
            return value.strip() if value.strip() in {V2, V4} else V3
    # Programs that leave it out write what all of them read.
    return V3


def _line(text: str, version: str, is_utf_8: bool) -> Line:
    cut = head_end(text, MAX_HEAD)
    if cut < 0:
        # No colon at all: a property of parameters alone, or text that looks like one.
        cut = len(text) if len(text) < MAX_HEAD else MAX_HEAD
    head, value = text[:cut], text[cut + 1 :]
    name, _, rest = head.partition(";")
    group, _, name = name.strip().rpartition(".")
    name = name.upper()
    params = _params(rest)
    encoding = "".join(params.pop("ENCODING", ())).strip().upper()
    charset = "".join(params.pop("CHARSET", ())).strip()
    kinds = [kind.lower() for kind in params.pop("TYPE", [])]
    if "pref" in kinds:
        params.setdefault("PREF", ["1"])
    kinds = [kind for kind in dict.fromkeys(kinds) if kind and kind != "pref"]
    if encoding in {"B", "BASE64"}:
        content = transfer.decode_base64(value.encode("ascii", "ignore"))
        value = data_uri(_media_type(name, kinds, content), content)
        kinds = [kind for kind in kinds if kind not in _BINARY_TYPES]
        params.pop("VALUE", None)
    else:
        value = _value(value, name, version, charset, encoding == "QUOTED-PRINTABLE", is_utf_8)
    if kinds:
        params["TYPE"] = kinds
    return Line(name, value, tuple([(key, tuple(values)) for key, values in params.items()]), group)


def _params(head: str) -> dict[str, list[str]]:
    found = read_parameters(head)
    if "TYPE" in found:
        # Some put the list in quotes.
        found["TYPE"] = [kind.strip() for one in found["TYPE"] for kind in one.split(",")]
    return found


def _value(value: str, name: str, version: str, charset: str, printable: bool, is_utf_8: bool) -> str:
    if printable:
        raw = value.encode("utf-8" if is_utf_8 else "latin-1", "replace")
        value = charsets.decode(quopri.decodestring(raw), charset or "utf-8")[0]
    elif not is_utf_8:
        value = charsets.decode(value.encode("latin-1", "replace"), charset or "utf-8")[0]
    elif charset.lower().startswith("iso-2022") and value.isascii():
        value = charsets.decode(value.encode("ascii"), charset)[0]
    value = value.replace("\r\n", "\n").replace("\r", "\n").translate(CONTROLS)
    if version == V2:
        # A backslash is one but before what parts a value; a comma parts nothing but lists.
        value = re.sub(r"\\(?![;,:\\])", r"\\\\", value)
        if name not in _LISTS and name not in _URIS:
            value = re.sub(r"(?<!\\),", r"\\,", value)
    elif value.endswith("\\") and not value.endswith("\\\\"):
        value += "\\"
    return value.replace("\n", "\\n")


def _split(text: str, mark: str) -> list[str]:
    """Return what stands between marks that are not escaped."""
    return _between(rf"(?:\\.|[^{mark}\\])+|\\|{mark}", text, mark)


def _between(pattern: str, text: str, mark: str) -> list[str]:
    pieces = [""]
    for found in re.finditer(pattern, text, re.DOTALL):
        if found[0] == mark:
            pieces.append("")
        else:
            pieces[-1] += found[0]
    return pieces


def _media_type(name: str, kinds: Sequence[str], content: bytes) -> str:
    for kind in kinds:
        if name == "KEY" and kind in _KEYS:
            return _KEYS[kind]
        if kind in _BINARY_TYPES and name in _MEDIA_OF:
            return f"{_MEDIA_OF[name]}/{'jpeg' if kind == 'jpg' else kind}"
    if name == "KEY":
        return _KEYS["x509"]
    if _MEDIA_OF.get(name) == "image":
        return next((media for start, media in _IMAGES.items() if content.startswith(start)), "image/jpeg")
    return "application/octet-stream"


# -- writing -----------------------------------------------------------------------------------------------------------


def write(lines: Iterable[Line], version: str = V4) -> bytes:
    """Return a card of version 3.0 or 4.0 as bytes."""
    whole = [Line("BEGIN", "VCARD"), Line("VERSION", version), *lines, Line("END", "VCARD")]
    return b"".join([_folded(written(one, version)) for one in whole])


def written(one: Line, version: str = V4) -> str:
    """Return a line as text, without folds."""
    if version == V3:
        one = _for_3(one)
    head = f"{one.group}.{one.name}" if one.group else one.name
    head += written_parameters(one.params)
    return f"{head}:{one.value}"


def _for_3(one: Line) -> Line:
    params = dict(one.params)
    kinds = list(params.pop("TYPE", ()))
    if params.get("PREF") == ("1",):
        kinds.append("pref")
    params.pop("PREF", None)
    held = one.data()
    value = one.value
    if held is not None:
        media, content = held
        kind = next((kind for kind, known in _KEYS.items() if known == media), media.rpartition("/")[2])
        params["ENCODING"] = ("b",)
        kinds.insert(0, kind if _MEDIA.fullmatch(kind) else "octet-stream")
        value = b64encode(content).decode("ascii")
    if kinds:
        params["TYPE"] = tuple([kind.upper() for kind in kinds])
    return replace(one, value=value, params=tuple(params.items()))


def _folded(text: str) -> bytes:
    text = text.encode("utf-8", "replace").decode("utf-8")
    if not text.isascii():
        return bytes(Contentline(text).to_ical()) + b"\r\n"
    data = text.encode("ascii")
    pieces = [data[:_WIDTH], *[data[at : at + _WIDTH - 1] for at in range(_WIDTH, len(data), _WIDTH - 1)]]
    return b"\r\n ".join(pieces) + b"\r\n"


def parse_kept(text: str) -> tuple[str, list[Line]]:
    """Return version and lines of what `kept` made."""
    version = V4
    lines = []
    for one in text.replace("\r", "").split("\n"):
        if one.startswith("VERSION:"):
            version = one.removeprefix("VERSION:")
        elif one:
            lines.append(_line(one, V4, True))
    return version, lines


def kept(version: str, lines: Iterable[Line]) -> str:
    """Return lines as a text that an item carries; the version stands in front unless it is 4.0."""
    return "\n".join([*([] if version == V4 else [f"VERSION:{version}"]), *map(written, lines)])
