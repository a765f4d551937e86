# ruff: noqa: RUF001 - letters of many alphabets are what this mail is about
"""The demonstration's mail: threads in several languages, with attachments, pictures, marks and an invitation.

The same number of days before the same moment gives the same mail, byte for byte.
"""

from __future__ import annotations

import random
import zlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from mailconnector.app.demo import pictures

INBOX = ("Inbox",)
SENT = ("Sent Items",)

DOMAIN = "localhost"
ME = Address("Alice Moreau", "alice", DOMAIN)
BOB = Address("Bob Öztürk", "bob", DOMAIN)
CAROL = Address("Carol Świątek", "carol", DOMAIN)
DAVE = Address("Dave 田中", "dave", DOMAIN)
_LENA = Address("Lena Weiß", "lena.weiss", "muster-architekten.example")
_SOFIA = Address("София Петрова", "sofia", "typografia.example")
_NEWS = Address("Stadtbücherei", "neues", "buecherei.example")
_HIRO = Address("田中 弘", "hiro", "tokyo-kikai.example")
_ELENI = Address("Ελένη Παππά", "eleni", "aegean.example")

SEEN, ANSWERED, FLAGGED = "\\Seen", "\\Answered", "\\Flagged"


@dataclass(frozen=True, slots=True)
class Letter:
    """One mail and where it lies.

    Attributes:
        folder: names of the folder, as the PST has them.
        data: the message; its lines end in CRLF.
        flags: its marks, as IMAP spells them.
        received: when it came in.
        subject: its subject.
    """

    folder: tuple[str, ...]
    data: bytes
    flags: frozenset[str]
    received: datetime
    subject: str


@dataclass(frozen=True, slots=True)
class _Turn:
    author: Address
    text: str
    flags: frozenset[str] = frozenset((SEEN,))
    extra: str = ""


@dataclass(frozen=True, slots=True)
class _Thread:
    folder: tuple[str, ...]
    days: float  # before the moment
    subject: str
    reply: str  # what stands before the subject of an answer
    turns: tuple[_Turn, ...]
    to: tuple[Address, ...] = (ME,)


def _flags(*names: str) -> frozenset[str]:
    return frozenset(names)


HOUSE = ("Projekte", "Haus Müllerstraße 5")
MEETINGS = ("Réunions",)
OLD = ("Archive", "2024")
_FAMILY = ("Семья",)

_ON_SERVER = (
    _Thread(
        INBOX,
        1.2,
        "Ordre du jour de jeudi",
        "Re: ",
        (
            _Turn(
                BOB,
                "Bonjour à tous,\n\nvoici l'ordre du jour de jeudi :\n\n1. Budget de l'été\n2. Déménagement à Évreux\n"
                "3. Divers\n\nÀ jeudi,\nBob",
                _flags(SEEN, ANSWERED),
                "calendar",
            ),
            _Turn(ME, "Merci Bob, j'ajoute un point 4 : les clés.\n\nAlice"),
            _Turn(CAROL, "Parfait. J'apporte le café et les viennoiseries.\n\nCarol", _flags()),
        ),
        (ME, CAROL, DAVE),
    ),
    _Thread(
        INBOX,
        2.6,
        "Grüße aus Köln",
        "AW: ",
        (
            _Turn(
                CAROL,
                "Hallo Alice,\n\nanbei ein Blick aus dem Hotelfenster. Das Wetter ist schöner, als die Vorhersage "
                "versprach!\n\nLiebe Grüße\nCarol",
                _flags(SEEN, FLAGGED),
                "picture",
            ),
        ),
    ),
    _Thread(
        INBOX,
        0.4,
        "見積書の件",
        "Re: ",
        (
            _Turn(
                _HIRO,
                "モロー様\n\nいつもお世話になっております。\nご依頼の見積書をお送りいたします。\nご確認のほどよろしくお願いいたします。\n\n田中",
                _flags(),
                "pdf",
            ),
        ),
    ),
    _Thread(
        INBOX,
        3.3,
        "Figures for the third quarter",
        "Re: ",
        (
            _Turn(
                DAVE,
                "Hi Alice,\n\nthe figures are in: up 12 % on last year. Chart inside, numbers attached.\n\nDave",
                _flags(SEEN),
                "chart",
            ),
            _Turn(BOB, "Good news. Shall we show them on Thursday?\n\nBob", _flags()),
        ),
        (ME, BOB),
    ),
    _Thread(
        HOUSE,
        12.0,
        "Grundriss, zweite Fassung",
        "AW: ",
        (
            _Turn(
                _LENA,
                "Sehr geehrte Frau Moreau,\n\nanbei die zweite Fassung des Grundrisses. Die Küche liegt nun nach "
                "Süden, die Tür ist 90 cm breit.\n\nMit freundlichen Grüßen\nLena Weiß",
                _flags(SEEN, ANSWERED),
                "pdf",
            ),
            _Turn(ME, "Liebe Frau Weiß,\n\nwunderbar, so machen wir es.\n\nAlice Moreau"),
            _Turn(_LENA, "Dann bestelle ich die Fenster.\n\nL. Weiß", _flags(SEEN, FLAGGED)),
        ),
    ),
    _Thread(
        MEETINGS,
        30.0,
        "Compte rendu du 12",
        "Re: ",
        (
            _Turn(
                CAROL,
                "Bonjour,\n\nci-joint le compte rendu. Dites-moi s'il manque quelque chose.\n\nCarol",
                extra="pdf",
            ),
            _Turn(DAVE, "Il manque l'accord sur les congés, sinon c'est parfait.\n\nDave"),
        ),
        (ME, BOB, DAVE),
    ),
    _Thread(
        _FAMILY,
        6.0,
        "Фотографии с дачи",
        "Re: ",
        (
            _Turn(
                _SOFIA,
                "Алиса, привет!\n\nПосылаю фотографию с дачи. Яблок в этом году столько, что не знаем, куда девать. "
                "Приезжай!\n\nСофия",
                _flags(SEEN),
                "picture",
            ),
        ),
    ),
)

_IN_PST = (
    _Thread(
        OLD,
        420.0,
        "Ferry tickets to Naxos",
        "Re: ",
        (
            _Turn(
                _ELENI,
                "Καλημέρα Alice,\n\nτα εισιτήρια είναι έτοιμα. The ferry leaves at 7:25 from gate E2.\n\nΕλένη",
                extra="pdf",
            ),
            _Turn(ME, "Ευχαριστώ! See you on the island.\n\nAlice"),
        ),
    ),
    _Thread(
        OLD,
        390.0,
        "Invoice 2024-0117",
        "Re: ",
        (_Turn(_LENA, "Dear Ms Moreau,\n\nplease find our invoice attached.\n\nLena Weiß", extra="pdf"),),
    ),
    _Thread(
        INBOX,
        8.0,
        "Lunch on Friday?",
        "Re: ",
        (
            _Turn(BOB, "The new place by the river?\n\nBob", _flags(SEEN, ANSWERED)),
            _Turn(ME, "With pleasure. Noon?\n\nAlice"),
        ),
    ),
)

_BOTH = _Thread(
    INBOX,
    5.0,
    "Welcome to the team",
    "Re: ",
    (
        _Turn(
            DAVE,
            "Dear all,\n\nplease welcome Alice, who joins us from Lyon today.\n\nDave",
            _flags(SEEN),
        ),
    ),
)
_NEWSLETTERS = 40


def on_server(now: datetime) -> list[Letter]:
    """Return the mail that the server holds at the beginning."""
    letters = [letter for thread in (*_ON_SERVER, _BOTH) for letter in _letters(thread, now)]
    return letters + [_newsletter(number, now) for number in range(_NEWSLETTERS)]


def in_pst(now: datetime) -> list[Letter]:
    """Return the mail that the PST holds at the beginning; one of them the server has as well."""
    return [letter for thread in (*_IN_PST, _BOTH) for letter in _letters(thread, now)]


def delivered(now: datetime) -> list[tuple[str, bytes]]:
    """Return the mail that is sent to alice during the demonstration, each with its sender's user name."""
    first = _message(BOB, (ME,), "Train times", "thread-train", now, "The 8:14 it is. Platform 3.\n\nBob")
    second = _message(
        CAROL, (ME,), "Photo für die Einladung", "thread-photo", now, "Passt dieses Bild?\n\nCarol", extra="picture"
    )
    return [("bob", _bytes(first)), ("carol", _bytes(second))]


def tax_letter(now: datetime) -> Letter:
    """Return a mail that is put into a folder of its own on the server during the demonstration."""
    message = _message(
        _LENA,
        (ME,),
        "Bescheinigung für die Steuer",
        "thread-tax",
        now,
        "Anbei die Bescheinigung.\n\nL. Weiß",
        extra="pdf",
    )
    return _letter(("Steuer 2026",), message, _flags(SEEN), now)


def _letters(thread: _Thread, now: datetime) -> list[Letter]:
    letters = []
    earlier: list[str] = []
    quoted: _Turn | None = None
    for number, turn in enumerate(thread.turns):
        at = now - timedelta(days=thread.days - number * 0.07)
        to = tuple(person for person in (*thread.to, thread.turns[0].author) if person != turn.author)
        subject = thread.reply + thread.subject if number else thread.subject
        text = turn.text if quoted is None else f"{turn.text}\n\n" + _quote(quoted)
        key = f"{'-'.join(str(ord(letter)) for letter in thread.subject[:6])}-{number}"
        message = _message(turn.author, to, subject, key, at, text, extra=turn.extra)
        if earlier:
            message["In-Reply-To"] = earlier[-1]
            message["References"] = " ".join(earlier)
        earlier.append(str(message["Message-ID"]))
        quoted = turn
        letters.append(_letter(SENT if turn.author == ME else thread.folder, message, turn.flags, at))
    return letters


def _quote(turn: _Turn) -> str:
    return f"{turn.author.display_name}:\n" + "\n".join(f"> {line}" for line in turn.text.splitlines())


def _letter(folder: tuple[str, ...], message: EmailMessage, flags: frozenset[str], at: datetime) -> Letter:
    return Letter(folder, _bytes(message), flags, at, str(message["Subject"]))


def _bytes(message: EmailMessage) -> bytes:
    for number, part in enumerate(message.walk()):
        if part.is_multipart():
            part.set_boundary(f"=_{number}_{zlib.crc32(str(message['Message-ID']).encode()):08x}")
    return message.as_bytes(policy=SMTP)


def _message(
    author: Address, to: tuple[Address, ...], subject: str, key: str, at: datetime, text: str, *, extra: str = ""
) -> EmailMessage:
    message = EmailMessage()
    message["From"] = author
    message["To"] = to
    message["Subject"] = subject
    message["Date"] = format_datetime(at.astimezone(UTC))
    message["Message-ID"] = f"<{key}.{at:%Y%m%d}@{author.domain}>"
    message.set_content(text + "\n")
    if extra in ("picture", "chart"):
        _add_html(message, subject, text, extra, key)
    if extra == "chart":
        message.add_attachment(
            b"quarter;revenue\n1;1.200\n2;1.350\n3;1.512\n", "text", "csv", filename="Q3 – Zahlen.csv"
        )
    if extra == "pdf":
        lines = tuple(line for line in text.splitlines() if line)
        message.add_attachment(
            pictures.pdf(subject, lines), "application", "pdf", filename=f"{subject.replace('/', '-')}.pdf"
        )
    if extra == "calendar":
        message.add_alternative(_invitation(author, subject, key, at).encode(), "text", "calendar", cte="base64")
    return message


def _add_html(message: EmailMessage, subject: str, text: str, extra: str, key: str) -> None:
    content_id = f"{extra}.{key}@{DOMAIN}"
    paragraphs = "".join(f"<p>{'<br>'.join(part.splitlines())}</p>" for part in text.split("\n\n"))
    html = f'<html><body><h3>{subject}</h3>{paragraphs}<img src="cid:{content_id}" alt="{extra}"></body></html>'
    message.add_alternative(html, "html")
    picture = pictures.landscape() if extra == "picture" else pictures.chart((40, 55, 72, 90))
    (*_, rich) = message.iter_parts()
    assert isinstance(rich, EmailMessage)
    rich.add_related(picture, "image", "png", cid=f"<{content_id}>", filename=f"{extra}.png", disposition="inline")


def _invitation(author: Address, subject: str, key: str, at: datetime) -> str:
    start = (at + timedelta(days=3)).astimezone(UTC).replace(hour=9, minute=0, second=0, microsecond=0)
    lines = (
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Mail Connector//Demonstration//EN",
        "METHOD:REQUEST",
        "BEGIN:VEVENT",
        f"UID:{key}@{DOMAIN}",
        f"DTSTAMP:{at.astimezone(UTC):%Y%m%dT%H%M%SZ}",
        f"DTSTART:{start:%Y%m%dT%H%M%SZ}",
        f"DTEND:{start + timedelta(hours=1):%Y%m%dT%H%M%SZ}",
        f"SUMMARY:{subject}",
        f"ORGANIZER;CN={author.display_name}:mailto:{author.addr_spec}",
        f"ATTENDEE:mailto:{ME.addr_spec}",
        "END:VEVENT",
        "END:VCALENDAR",
        "",
    )
    return "\r\n".join(lines)


def _newsletter(number: int, now: datetime) -> Letter:
    chance = random.Random(number)
    at = now - timedelta(days=14.0 + 7 * number)
    titles = ("Der Leuchtturm", "Kleine Geschichte des Käses", "Nachtzug nach Łódź", "Die Brücke", "Über das Warten")
    books = "".join(f"<li>{chance.choice(titles)}, {chance.randint(1950, 2025)}</li>" for _ in range(8))
    message = EmailMessage()
    message["From"] = _NEWS
    message["To"] = ME
    message["Subject"] = f"Neu in der Stadtbücherei, Nr. {120 - number}"
    message["Date"] = format_datetime(at.astimezone(UTC))
    message["Message-ID"] = f"<news-{120 - number}@{_NEWS.domain}>"
    message["List-Unsubscribe"] = f"<https://{_NEWS.domain}/abmelden>"
    message.set_content("Neue Bücher stehen im Regal. Die HTML-Ansicht zeigt sie alle.\n" * chance.randint(1, 30))
    message.add_alternative(
        f"<html><body><h2>Neue Bücher</h2><ul>{books * chance.randint(1, 12)}</ul></body></html>", "html"
    )
    return _letter(("Newsletters",), message, _flags(SEEN) if number > 2 else _flags(), at)
