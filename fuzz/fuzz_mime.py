"""Fuzzes mail and items (atheris): whatever bytes come, they are read or a format error, and come back as they were.

Usage: fuzz_mime.py [libFuzzer options] CORPUS... - or files of findings, to run each of them once. The corpus is
messages and TNEF streams.
"""

import sys

import atheris

with atheris.instrument_imports(include=["mailconnector"]):
    from mailconnector.formats import ItemForm, MimeFormatError, parse, parse_item, render, render_item
    from mailconnector.items import FolderKind, Mail
    from mailconnector.mapi import tnef
    from mailconnector.mapi.rtf_body import read_rtf
    from mailconnector.mapi.rtf_html import to_html
    from mailconnector.mapping import from_mapi, to_mapi

LARGEST = 100_000  # bytes of a message
KINDS = tuple(FolderKind)


def run(data: bytes) -> None:
    """Take a message from the wire to MAPI and back; take it for a TNEF stream and for RTF as well."""
    try:
        mail = parse(data)
    except MimeFormatError:
        assert not data.strip()
    else:
        written = render(mail)
        returned = render(from_mapi(to_mapi(mail)))
        # No server carries zeros in mail (RFC 9051 section 4.3), and what they hide of a header is not told apart.
        if b"\0" not in data:
            assert returned == written
            if b"\r\n" in data:
                assert written == data
        as_item(data, KINDS[len(data) % len(KINDS)])
    try:
        message = tnef.parse(data, lenient=True)
    except tnef.TnefFormatError:
        pass
    else:
        again = tnef.parse(tnef.build(message))
        # A number that is none (NaN) is not equal to itself.
        assert again == message or repr(again) == repr(message)
        render(from_mapi(message))
    read_rtf(data).content.encode()
    to_html(data).encode()


def as_item(data: bytes, kind: FolderKind) -> None:
    """Read a message as an item of a folder's kind; what is written of it is read without a problem, and stays."""
    item = parse_item(data, kind).item
    for form in ItemForm:
        written = render_item(item, form=form)
        again = parse_item(written, kind)
        if form is ItemForm.OWN:
            # What is no item is kept as the mail that it came as, with what is wrong with it.
            assert again.problem is None or isinstance(item, Mail)
        if form is ItemForm.OWN and b"\0" not in data:
            assert render_item(again.item) == written


def main() -> None:
    """Fuzz."""
    arguments = sys.argv
    if not any(argument.startswith("-max_len") for argument in arguments):
        arguments = [*arguments, f"-max_len={LARGEST}"]
    atheris.Setup(arguments, run)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
