"""Small pictures and documents for the demonstration's mail, made from nothing."""

import struct
import zlib
from collections.abc import Callable

Colour = tuple[int, int, int]


def png(width: int, height: int, colour_at: Callable[[int, int], Colour]) -> bytes:
    """Return a PNG picture (ISO 15948): true colour, eight bits a channel.

    Args:
        width: in pixels.
        height: in pixels.
        colour_at: gives the colour of a pixel by column and row.
    """
    rows = b"".join(
        b"\0" + bytes(channel for column in range(width) for channel in colour_at(column, row)) for row in range(height)
    )
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        _chunk(name, data) for name, data in ((b"IHDR", header), (b"IDAT", zlib.compress(rows, 9)), (b"IEND", b""))
    )


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def landscape() -> bytes:
    """Return a picture of a hill before an evening sky."""

    def colour_at(column: int, row: int) -> Colour:
        hill = 60 + (column - 90) ** 2 // 260
        if row > hill:
            return 40, 90 + row // 3, 60
        return 250 - row, 170 - row, 120 + row

    return png(180, 110, colour_at)


def chart(values: tuple[int, ...]) -> bytes:
    """Return a picture of a bar chart.

    Args:
        values: from 0 to 100.
    """

    def colour_at(column: int, row: int) -> Colour:
        bar, inside = divmod(column, 24)
        return (46, 100, 160) if 4 <= inside < 20 and 100 - row < values[bar] else (245, 245, 245)

    return png(24 * len(values), 104, colour_at)


def pdf(title: str, lines: tuple[str, ...]) -> bytes:
    """Return a PDF document of one page (ISO 32000), its text in letters of Latin-1."""
    text = [b"BT /F1 16 Tf 60 780 Td (" + _escaped(title) + b") Tj /F1 11 Tf 0 -30 Td"]
    text += [b"(" + _escaped(line) + b") Tj 0 -16 Td" for line in lines]
    stream = b"\n".join([*text, b"ET"])
    objects = (
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R"
        b" /Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
    )
    data = b"%PDF-1.4\n"
    places = []
    for number, content in enumerate(objects, 1):
        places.append(len(data))
        data += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    count = len(objects) + 1
    data += b"xref\n0 %d\n0000000000 65535 f \n%s" % (count, table)
    start = data.index(b"xref\n")
    return data + b"trailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (count, start)


def _escaped(text: str) -> bytes:
    data = text.encode("cp1252", "replace")
    return data.replace(b"\\", b"\\\\").replace(b"(", b"\\(").replace(b")", b"\\)")
