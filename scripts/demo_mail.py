"""Write a small set of mail for the demonstration: single files, an mbox and a Maildir.

Usage: demo_mail.py DIRECTORY
"""

from __future__ import annotations

import mailbox
import random
import sys
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path

PEOPLE = (
    ("Alice Moreau", "alice@example.org"),
    ("Bob Öztürk", "bob@example.org"),
    ("Carol Świątek", "carol@example.org"),
    ("Dave 田中", "dave@example.org"),
)
SUBJECTS = (
    "Minutes of the meeting",
    "Réunion de jeudi : ordre du jour",
    "Grüße aus Köln",
    "見積書の件",
    "Offer and drawings",
    "Итоги месяца",
)
SINGLE, IN_MBOX, IN_MAILDIR = 12, 20, 8


def make_message(number: int) -> EmailMessage:
    """Return the mail of that number: every second has an HTML body too, every third an attachment."""
    chance = random.Random(number)
    sender, *receivers = chance.sample(PEOPLE, 3)
    subject = f"{SUBJECTS[number % len(SUBJECTS)]} ({number})"
    words = subject.split()
    lines = [f"Line {line}: " + " ".join(chance.choices(words, k=8)) for line in range(1, 20)]
    message = EmailMessage()
    message["From"] = f"{sender[0]} <{sender[1]}>"
    message["To"] = ", ".join(f"{name} <{address}>" for name, address in receivers)
    message["Subject"] = subject
    message["Date"] = format_datetime(datetime(2024, 1, 8, 9, tzinfo=UTC) + timedelta(hours=7 * number))
    message["Message-ID"] = f"<demo-{number}@example.org>"
    message.set_content("\n".join(lines) + "\n")
    if number % 2:
        message.add_alternative(f"<h1>{subject}</h1><p>{'<br>'.join(lines)}</p>", subtype="html")
    if number % 3 == 0:
        data = chance.randbytes(5000 + 1000 * number)
        message.add_attachment(data, "application", "octet-stream", filename=f"drawing {number}.bin")
    return message


def main(directory: Path) -> None:
    """Write the mail below `directory`, which is made where it is missing."""
    messages = iter(make_message(number) for number in range(SINGLE + IN_MBOX + IN_MAILDIR))
    single = directory / "single"
    single.mkdir(parents=True)
    for number in range(SINGLE):
        (single / f"{number:02}.eml").write_bytes(next(messages).as_bytes())
    mbox = mailbox.mbox(directory / "archive.mbox")
    for _ in range(IN_MBOX):
        mbox.add(next(messages))
    mbox.close()
    maildir = mailbox.Maildir(directory / "Maildir")
    for message in messages:
        maildir.add(message)
    maildir.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
