"""XML documents as trees of elements, read from whoever wrote them and written again.

What is refused: document types, and with them entities and whatever lies elsewhere. What is bounded: size, depth,
number of elements and of attributes. Text that stands between elements is joined in front of them: the formats that are
read here have none that matters.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NoReturn
from xml.parsers import expat

from mailconnector.formats.errors import FormatError

LARGEST = 64 << 20
"""Most bytes of a document: a photo of some 32 MiB, in base64."""

MAX_DEPTH = 32
MAX_ELEMENTS = 200_000
_MAX_ATTRIBUTES = 50
_DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'
# What XML 1.0 cannot hold, escaped or not.
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")


class XmlFormatError(FormatError):
    """Bytes are no XML, or such as nobody has to read.

    Attributes:
        line: Where in the document, counted from 1; 0 for the whole of it.
    """

    line: int

    def __init__(self, reason: str, *, line: int = 0) -> None:
        where = f", line {line}" if line else ""
        super().__init__(f"XML: {reason}{where}", hint="The object is kept as it is.")
        self.line = line


@dataclass(slots=True)
class Element:
    """An element.

    Attributes:
        name: Without its namespace.
        text: What it says itself, joined.
        parts: The elements in it, in order.
        attributes: By their names; those of other namespaces are left out.
        namespace: Its namespace; empty for that of the element around it.
    """

    name: str
    text: str = ""
    parts: list[Element] = field(default_factory=list)
    attributes: dict[str, str] = field(default_factory=dict)
    namespace: str = ""

    def all(self, name: str) -> list[Element]:
        """Return the elements of a name that are in it."""
        return [part for part in self.parts if part.name == name]

    def first(self, name: str) -> Element | None:
        """Return the first element of a name; None when there is none."""
        return next((part for part in self.parts if part.name == name), None)

    def within(self) -> Iterator[Element]:
        """Yield it, and all elements that are in it however deep."""
        yield self
        for part in self.parts:
            yield from part.within()

    def said(self, name: str) -> str:
        """Return the text of the first element of a name without blanks around it; "" when there is none."""
        part = self.first(name)
        return "" if part is None else part.text.strip()

    def add(self, name: str, text: str = "", /, **attributes: str) -> Element:
        """Add an element at the end, and return it."""
        part = Element(name, text, attributes=attributes)
        self.parts.append(part)
        return part

    def add_text(self, name: str, text: str) -> None:
        """Add an element with a text; none when that is empty."""
        if text:
            self.add(name, text)


def parse_xml(data: bytes) -> Element:
    """Return the root of a document.

    Raises:
        XmlFormatError: It is no XML, has a document type, or is beyond a bound.
    """
    if len(data) > LARGEST:
        raise XmlFormatError(f"{len(data)} bytes, at most {LARGEST} are read")
    builder = _Builder()
    try:
        builder.parser.Parse(data, True)
    except expat.ExpatError as error:
        raise XmlFormatError(expat.ErrorString(error.code), line=error.lineno) from error
    except (LookupError, ValueError) as error:
        # An encoding that nobody knows.
        raise XmlFormatError(str(error)) from error
    return builder.root.parts[0]


class _Builder:
    """Builds the tree while expat reads."""

    def __init__(self) -> None:
        self.parser = expat.ParserCreate(namespace_separator=" ")
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self.start
        self.parser.EndElementHandler = self.end
        self.parser.CharacterDataHandler = self.characters
        self.parser.StartDoctypeDeclHandler = self.doctype
        self.root = Element("")
        self.stack = [self.root]
        self.spaces = [""]
        self.texts: list[list[str]] = [[]]
        self.count = 0

    def refuse(self, reason: str) -> NoReturn:
        raise XmlFormatError(reason, line=self.parser.CurrentLineNumber)

    def doctype(self, *_: object) -> None:
        self.refuse("a document type")

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self.count += 1
        if self.count > MAX_ELEMENTS or len(self.stack) > MAX_DEPTH or len(attributes) > _MAX_ATTRIBUTES:
            self.refuse("too many elements, or too deep")
        space, _, local = name.rpartition(" ")
        own = "" if space == self.spaces[-1] else space
        part = Element(local, attributes={key: value for key, value in attributes.items() if " " not in key})
        part.namespace = own
        self.stack[-1].parts.append(part)
        self.stack.append(part)
        self.spaces.append(space)
        self.texts.append([])

    def end(self, _: str) -> None:
        self.spaces.pop()
        text = "".join(self.texts.pop())
        part = self.stack.pop()
        # Blanks between elements are the writer's.
        part.text = text if text.strip() or not part.parts else ""

    def characters(self, text: str) -> None:
        self.texts[-1].append(text)


def render_xml(root: Element) -> bytes:
    """Return a document as bytes, in UTF-8."""
    return (_DECLARATION + xml_text(root) + "\n").encode("utf-8")


def xml_text(element: Element) -> str:
    """Return an element as text."""
    return "".join(_written(element, 0))


def _written(element: Element, depth: int) -> Iterator[str]:
    if not _NAME.fullmatch(element.name) or depth > MAX_DEPTH:
        return
    yield f"<{element.name}"
    if element.namespace:
        yield f' xmlns="{_quoted(element.namespace)}"'
    for name, value in element.attributes.items():
        yield f' {name}="{_quoted(value)}"'
    if not element.text and not element.parts:
        yield "/>"
        return
    yield f">{_escaped(element.text)}"
    for part in element.parts:
        yield from _written(part, depth + 1)
    yield f"</{element.name}>"


def _escaped(text: str) -> str:
    text = _FORBIDDEN.sub("", text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return text.replace("\r", "&#13;")


def _quoted(text: str) -> str:
    return _escaped(text).replace('"', "&quot;").replace("\n", "&#10;").replace("\t", "&#9;")
