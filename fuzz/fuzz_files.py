"""Fuzzes files of items (atheris): .msg files, calendars, cards. Whatever bytes come, they are read or a format error.

Usage: fuzz_files.py [libFuzzer options] CORPUS... - or files of findings, to run each of them once. The corpus is .msg
files, calendars and cards.
"""

import io
import sys

import atheris

with atheris.instrument_imports(include=["mailconnector"]):
    from mailconnector.formats import render_item
    from mailconnector.formats.entry_files import CalendarFile, CardFile
    from mailconnector.formats.entry_writing import calendar_of, card_of
    from mailconnector.items import Appointment, Contact, DistributionList, JournalEntry, Task
    from mailconnector.mapi import msg
    from mailconnector.mapping import from_mapi, to_mapi

LARGEST = 60_000  # bytes of a file


def run(data: bytes) -> None:
    """Take a file for each of the kinds; what was written of it once stays what it is."""
    as_message(data)
    for file in (CalendarFile(io.BytesIO(data)), CardFile(io.BytesIO(data))):
        for entry in file.entries():
            for item in entry.items:
                if isinstance(item, (Appointment, Task, JournalEntry)):
                    calendar_of(item)
                elif isinstance(item, (Contact, DistributionList)):
                    card_of(item)
                to_mapi(item)


def as_message(data: bytes) -> None:
    """Read an .msg file, write it and read it again; make an item of it."""
    try:
        message = msg.parse(data)
    except msg.MsgFormatError:
        return
    written = msg.build(message)
    assert msg.build(msg.parse(written)) == written
    render_item(from_mapi(message))


def main() -> None:
    """Fuzz."""
    arguments = sys.argv
    if not any(argument.startswith("-max_len") for argument in arguments):
        arguments = [*arguments, f"-max_len={LARGEST}"]
    atheris.Setup(arguments, run)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
