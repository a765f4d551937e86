"""Mail from bytes and back, beside the standard library's email package, on the same generated mail in one run.

Usage: ``python benchmarks/mime.py [--messages 4000] [--runs 3]``. Figures are processor time of one process, the best
of the runs. The email package is measured as a program would use it: parsed with the default policy, the common fields
read, every body and attachment decoded; and written with ``as_bytes``. Ours is measured from bytes to a MAPI message,
which is all that a store needs, and from a MAPI message to bytes.
"""

from __future__ import annotations

import argparse
import base64
import gc
import pickle
import quopri
import random
import time
from collections.abc import Callable, Sequence
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import TypeVar

from mailconnector import formats, mapping

_WORDS = (
    *("lorem", "ipsum", "dolor", "sit", "amet", "consectetur", "adipiscing", "elit", "sed", "do", "eiusmod", "tempor"),
    *("incididunt", "ut", "labore", "et", "dolore", "magna", "aliqua", "enim", "ad", "minim", "veniam", "quis", "für"),
)
_Thing = TypeVar("_Thing")
_PEOPLE = 60
_SHARE = (("plain", 8), ("alternative", 8), ("attachment", 4))


def make_mail(count: int) -> list[bytes]:
    """Return messages of 2 to 60 KB: plain text, plain text beside HTML, and such with a base64 attachment."""
    rng = random.Random(5)
    kinds = [kind for kind, weight in _SHARE for _ in range(weight)]
    return [_message(rng, number, rng.choice(kinds)) for number in range(count)]


def _message(rng: random.Random, number: int, kind: str) -> bytes:
    size = int(min(max(rng.lognormvariate(9.2, 0.7), 2_000), 60_000)) - 1_000
    head = _header(rng, number)
    if kind == "plain":
        return head + _plain(rng, size)
    if kind == "alternative":
        return head + _alternative(rng, size)
    body = _alternative(rng, 4_000)
    blob = base64.encodebytes(rng.randbytes(size * 3 // 4)).replace(b"\n", b"\r\n")
    return (
        head + b'Content-Type: multipart/mixed; boundary="=_mixed"\r\n\r\n--=_mixed\r\n' + body + b"\r\n"
        b'--=_mixed\r\nContent-Type: application/pdf; name="report.pdf"\r\nContent-Transfer-Encoding: base64\r\n'
        b'Content-Disposition: attachment; filename="report.pdf"\r\n\r\n' + blob + b"\r\n--=_mixed--\r\n"
    )


def _header(rng: random.Random, number: int) -> bytes:
    sender, *others = rng.sample(range(_PEOPLE), 4)
    to = ",\r\n\t".join(f'"Person {one}, Sales" <person{one}@example.org>' for one in others)
    hops = "".join(
        f"Received: from mx{hop}.example.org (mx{hop}.example.org [192.0.2.{hop}])\r\n"
        f"\tby mail{hop}.example.net with ESMTPS id {number:08x}{hop}\r\n"
        f"\tfor <person{others[0]}@example.org>; Mon, {1 + number % 28} May 2023 08:{number % 60:02d}:1{hop} +0000\r\n"
        for hop in range(3)
    )
    return (
        f"Return-Path: <person{sender}@example.org>\r\n{hops}"
        f"DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=example.org; s=mail;\r\n"
        f"\th=from:to:subject:date; bh={base64.b64encode(rng.randbytes(32)).decode()};\r\n"
        f"\tb={base64.b64encode(rng.randbytes(96)).decode()}\r\n"
        f"From: Person {sender} <person{sender}@example.org>\r\nTo: {to}\r\n"
        f"Subject: =?utf-8?Q?Bericht_f=C3=BCr_Woche?= {number}\r\n"
        f"Date: Mon, {1 + number % 28} May 2023 10:{number % 60:02d}:00 +0200\r\n"
        f"Message-ID: <{number}.{rng.randrange(1 << 40)}@example.org>\r\n"
        f"In-Reply-To: <{number - 1}@example.org>\r\nReferences: <1@example.org>\r\n <{number - 1}@example.org>\r\n"
        f"User-Agent: Example/1.0\r\nMIME-Version: 1.0\r\n"
    ).encode()


def _prose(rng: random.Random, size: int, end: str = "\r\n") -> str:
    lines = []
    while size > 0:
        line = " ".join(rng.choices(_WORDS, k=11))
        lines.append(line)
        size -= len(line) + 2
    return end.join(lines) + end


def _plain(rng: random.Random, size: int) -> bytes:
    return (
        b"Content-Type: text/plain; charset=utf-8; format=flowed\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
        + _prose(rng, size).encode()
    )


def _quoted(text: str) -> bytes:
    return quopri.encodestring(text.encode()).replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def _alternative(rng: random.Random, size: int) -> bytes:
    html = "<html><body>" + _prose(rng, size * 2 // 3, '<br>\n<p class="x">\n') + "</body></html>\n"
    return (
        b'Content-Type: multipart/alternative; boundary="=_alternative"\r\n\r\n--=_alternative\r\n'
        b"Content-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
        + _quoted(_prose(rng, size // 3, "\n")).replace(b"=C3=BC", b"=FC")
        + b'\r\n--=_alternative\r\nContent-Type: text/html; charset="utf-8"\r\n'
        b"Content-Transfer-Encoding: quoted-printable\r\n\r\n" + _quoted(html) + b"\r\n--=_alternative--\r\n"
    )


def _stdlib_read(data: bytes) -> None:
    message = message_from_bytes(data, policy=policy.default)
    for name in ("From", "To", "Cc", "Subject", "Date", "Message-ID", "References", "In-Reply-To"):
        str(message[name])
    for part in message.walk():
        if not part.is_multipart() and isinstance(part, EmailMessage):
            part.get_content()


def _measured(work: Callable[[_Thing], object], things: Sequence[_Thing], runs: int) -> float:
    """Return the processor time of the best run, in seconds."""
    best = float("inf")
    for _ in range(runs):
        gc.collect()
        begin = time.process_time()
        for one in things:
            work(one)
        best = min(best, time.process_time() - begin)
    return best


def _row(name: str, seconds: float, count: int, size: int) -> str:
    return f"{name:<44}{seconds:8.2f} s{seconds / count * 1e3:9.3f} ms{size / seconds / 1e6:9.1f} MB/s"


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--messages", type=int, default=4000)
    options.add_argument("--runs", type=int, default=3)
    arguments = options.parse_args()
    count = arguments.messages
    mail = make_mail(count)
    size = sum(map(len, mail))
    items = [formats.parse(one) for one in mail]
    objects = [mapping.to_mapi(item) for item in items]
    pickled = [pickle.dumps(item, pickle.HIGHEST_PROTOCOL) for item in items]
    messages = [message_from_bytes(one, policy=policy.default) for one in mail]
    same = sum(formats.render(mapping.from_mapi(one)) == data for one, data in zip(objects, mail, strict=True))
    stored = sum(map(len, pickled)) / 1e6
    print(f"{count} messages, {size / 1e6:.1f} MB; {same} come back byte for byte; pickled {stored:.1f} MB")
    runs = arguments.runs
    rows: list[tuple[str, float]] = [
        ("bytes -> item", _measured(formats.parse, mail, runs)),
        ("bytes -> item -> MAPI", _measured(lambda one: mapping.to_mapi(formats.parse(one)), mail, runs)),
        ("email: bytes -> fields and contents", _measured(_stdlib_read, mail, 1)),
        ("MAPI -> item", _measured(mapping.from_mapi, objects, runs)),
        ("MAPI -> item -> bytes", _measured(lambda one: formats.render(mapping.from_mapi(one)), objects, runs)),
        ("email: message -> bytes", _measured(lambda one: one.as_bytes(), messages, 1)),
        ("pickle an item, and back", _measured(lambda one: pickle.loads(pickle.dumps(one, 5)), items, runs)),
    ]
    for name, seconds in rows:
        print(_row(name, seconds, count, size))
    ours, theirs = rows[1][1], rows[2][1]
    print(f"in: {theirs / ours:.1f} times the email package's speed")


if __name__ == "__main__":
    main()
