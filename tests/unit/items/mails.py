"""Strategies that make mails for round trips: whatever a mail can say, in the form in which readers give it back."""

from __future__ import annotations

import string
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

from hypothesis import strategies as st

from mailconnector.items import Address, Attachment, Flags, Importance, Item, Mail, Placement, Sensitivity, readable

_CHARACTERS = st.one_of(
    st.sampled_from(string.ascii_letters + string.digits + string.punctuation + "  "),
    st.sampled_from("äöüßéèñçøœŁłŽжщЙωλאבعربไทย日本語中文한국어👍🏽\u200b\u2028"),
    st.characters(exclude_categories=("Cs", "Cc", "Cn"), exclude_characters="\ufeff"),
)
lines = st.text(_CHARACTERS, max_size=60)
bodies = st.text(st.one_of(_CHARACTERS, st.just("\n")), max_size=400)
ascii_bodies = st.text(st.sampled_from(string.printable.replace("\r", "").replace("\x0b", "").replace("\x0c", "")))

_WORD = st.text(st.sampled_from(string.ascii_lowercase + string.digits), min_size=1, max_size=12)
emails = st.builds("{}.{}@{}.example".format, _WORD, _WORD, _WORD)
ids = st.builds("<{}.{}@{}.example>".format, _WORD, _WORD, _WORD)
_names = lines.map(lambda name: " ".join(name.split(" ")).strip()).filter(lambda name: "@" not in name)
_smtp = st.builds(Address, _names, emails)
# PidTagReplyRecipientNames is a list with semicolons, and the only place for the name of an Exchange address.
_exchange = st.builds(
    lambda name, word: Address(name, f"/o=Org & Co/ou=First (Group)/cn=Recipients/cn={word}", "EX"),
    _names.filter(lambda name: ";" not in name),
    _WORD,
)
_nameless = st.sampled_from([Address("Everybody at home"), Address("Müller, Söhne & Co.")])
people = st.lists(st.one_of(_smtp, _smtp, _smtp, _exchange, _nameless), max_size=4).map(tuple)


def moments() -> st.SearchStrategy[datetime]:
    """Return datetimes as a header says them: whole seconds, in a zone of whole minutes."""
    zones = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
    plain = st.datetimes(datetime(1970, 1, 2), datetime(2400, 1, 1))
    return st.builds(lambda moment, zone: moment.replace(microsecond=0, tzinfo=zone), plain, zones)


_file_names = lines.map(lambda name: name.translate({ord("/"): "-", ord("\\"): "-"}).strip()).filter(
    lambda name: name.strip(".")
)
_content_ids = st.builds("{}@{}".format, _WORD, _WORD)


@st.composite
def attachments(
    draw: st.DrawFn, placements: tuple[Placement, ...], items: st.SearchStrategy[Item] | None
) -> Attachment:
    """Return an attachment with content, of a kind that stands in one of the placements."""
    placement = draw(st.sampled_from(placements))
    if placement is Placement.ALTERNATIVE:
        calendar = draw(st.binary(max_size=40))
        method = (("charset", "utf-8"), ("method", "REQUEST"))
        return Attachment(content_type="text/calendar", data=calendar, placement=placement, parameters=method)
    attachment = Attachment(
        name=draw(_file_names),
        placement=placement,
        content_id=draw(st.one_of(st.just(""), _content_ids)),
        location=draw(st.sampled_from(["", "https://www.example/a%20b?c=d&e"])),
        description=draw(lines),
        created=draw(st.one_of(st.none(), moments())),
        modified=draw(st.one_of(st.none(), moments())),
    )
    kind = draw(st.sampled_from(["data", "data", "text", "link", "item"] if items is not None else ["data", "text"]))
    if kind == "item" and items is not None:
        return replace(attachment, content_type="message/rfc822", item=draw(items))
    if kind == "link":
        url = "https://files.example/" + draw(st.text(st.sampled_from("abc/%20?=&-"), max_size=120))
        return replace(attachment, content_type="application/pdf", reference=url)
    if kind == "text":
        data = draw(st.one_of(st.binary(max_size=200), ascii_bodies.map(lambda text: text.encode("ascii"))))
        return replace(attachment, content_type="text/plain", data=data, parameters=(("charset", "iso-8859-1"),))
    data = draw(st.binary(max_size=300))
    return replace(attachment, content_type=draw(st.sampled_from(["application/octet-stream", "image/png"])), data=data)


_CHARSETS = ("utf-8", "us-ascii", "iso-8859-1", "windows-1252", "windows-1251", "koi8-r", "shift_jis", "gb2312", "big5")
_PYTHON = {"shift_jis": "cp932", "gb2312": "gbk", "big5": "cp950"}


def _fits(charset: str, texts: list[str | None]) -> bool:
    """Tell whether a charset has all characters of some texts, and gives the same ones back."""
    codec = _PYTHON.get(charset, charset)
    try:
        encoded = [text.encode(codec) for text in texts if text is not None]
    except UnicodeEncodeError:
        return False
    # In ISO 8859-1 the controls from 0x80 on are taken for the characters of Windows-1252.
    is_latin = charset == "iso-8859-1" and any(0x80 <= byte < 0xA0 for one in encoded for byte in one)
    return not is_latin and [one.decode(codec) for one in encoded] == [text for text in texts if text is not None]


@st.composite
def mails(draw: st.DrawFn, depth: int = 1) -> Mail:
    """Return a mail that was written in no particular program."""
    text = draw(st.one_of(st.none(), bodies, ascii_bodies))
    html = draw(st.one_of(st.none(), bodies, ascii_bodies))
    rtf = draw(st.sampled_from([None, None, b"{\\rtf1\\ansi Hello\\par}"])) if text is not None else None
    wanted = draw(st.sampled_from(_CHARSETS))
    placements = (Placement.ATTACHED, Placement.INLINE)
    items = mails(depth=depth - 1).map(_inner) if depth else None
    related = draw(st.lists(attachments((Placement.RELATED,), None), max_size=2)) if html is not None else []
    alternatives = draw(st.lists(attachments((Placement.ALTERNATIVE,), None), max_size=1))
    others = draw(st.lists(attachments(placements, items), max_size=3))
    author = draw(st.one_of(st.none(), _smtp))
    sender = draw(st.one_of(st.none(), _smtp.filter(lambda one: author is None or one.email != author.email)))
    date = draw(st.one_of(st.none(), moments()))
    received = draw(moments()) if date is not None and draw(st.booleans()) else None
    subject = draw(lines)
    return Mail(
        message_class=draw(st.sampled_from(["IPM.Note", "IPM.Note", "IPM.Post", "IPM.Note.Rules.Custom-1"])),
        subject=subject,
        author=author,
        sender=sender if author is not None else None,
        to=draw(people),
        cc=draw(people),
        bcc=draw(people),
        reply_to=draw(people),
        date=date,
        received=received if received != date else None,
        message_id=draw(st.one_of(st.just(""), ids)),
        in_reply_to=draw(st.one_of(st.just(""), ids)),
        references=draw(st.lists(ids, max_size=8).map(tuple)),
        conversation_topic=draw(st.sampled_from(["", "Quite another topic"])),
        conversation_index=draw(st.one_of(st.just(b""), st.binary(min_size=22, max_size=22))),
        text=text,
        html=html,
        rtf=rtf,
        charset=wanted if (text is not None or html is not None) and _fits(wanted, [text, html]) else "utf-8",
        attachments=tuple(_named(one, text, html) for one in (*related, *alternatives, *others)),
        importance=draw(st.sampled_from(Importance)),
        sensitivity=draw(st.sampled_from(Sensitivity)),
        read_receipt=draw(st.booleans()),
        delivery_receipt=draw(st.booleans()),
        flags=draw(flags()),
    )


def _named(attachment: Attachment, text: str | None, html: str | None) -> Attachment:
    """Return an attachment with a name if it would be taken for the body without one."""
    if attachment.content_type == "text/plain" and not attachment.name:
        return replace(attachment, name="notes.txt")
    return attachment


def _inner(mail: Mail) -> Mail:
    """Return a mail as it is inside another, where nothing tells its flags, nor when it was received."""
    return replace(mail, flags=Flags(), received=None)


def flags() -> st.SearchStrategy[Flags]:
    """Return all combinations of flags, with some keywords."""
    keywords = st.lists(st.sampled_from(["Red Category", "work", "$Junk", "Größe"]), unique=True).map(tuple)
    truth = st.booleans()
    return st.builds(Flags, truth, truth, truth, truth, truth, truth, keywords)


def without_headers(mail: Mail) -> Mail:
    """Return a mail, and those within it, without what reading a message adds: header blocks and layouts."""

    def bare(attachment: Attachment) -> Attachment:
        if isinstance(attachment.item, Mail):
            return replace(attachment, item=without_headers(attachment.item))
        return attachment

    return replace(mail, headers=b"", layout=b"", attachments=tuple(bare(one) for one in mail.attachments))


def mail_of(item: Item | None) -> Mail:
    """Return the mail that an item is, or reads as."""
    assert item is not None
    return readable(item)


NOON = datetime(2020, 2, 29, 12, 0, tzinfo=UTC)
