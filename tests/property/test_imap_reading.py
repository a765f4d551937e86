"""However the bytes of a session are cut, the same comes out; and nothing that arrives raises anything unexpected."""

from __future__ import annotations

import contextlib
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from mailconnector.imap.errors import ImapError
from mailconnector.imap.framing import Framer, Limits
from mailconnector.imap.names import NameCodec
from mailconnector.imap.parsing import Parser
from mailconnector.imap.protocol import Protocol
from mailconnector.imap.responses import Fetched, Response

TEXT = st.binary(max_size=60)
WORD = st.text("abcXYZ0189$-_", min_size=1, max_size=8).map(str.encode)
FLAGS = st.lists(
    st.sampled_from([b"\\Seen", b"\\Deleted", b"$Forwarded", b"Blue", b"caf\xe9"]), max_size=4, unique=True
)


def literal(data: bytes) -> bytes:
    return b"{%d}\r\n%s" % (len(data), data)


@st.composite
def fetches(draw: st.DrawFn) -> bytes:
    attributes = [b"UID %d" % draw(st.integers(1, 2**32 - 1))]
    if draw(st.booleans()):
        attributes.append(b"FLAGS (" + b" ".join(draw(FLAGS)) + b")")
    if draw(st.booleans()):
        attributes.append(b"MODSEQ (%d)" % draw(st.integers(1, 2**63)))
    if draw(st.booleans()):
        attributes.append(b"RFC822.SIZE %d" % draw(st.integers(0, 2**40)))
    attributes = draw(st.permutations(attributes))
    if draw(st.booleans()):
        attributes = [*attributes, b"BODY[] " + literal(draw(TEXT))]
    if draw(st.booleans()):
        attributes = [b"BODY[HEADER] " + literal(draw(TEXT)), *attributes]
    return b"* %d FETCH (" % draw(st.integers(1, 1000)) + b" ".join(attributes) + b")\r\n"


RESPONSES = st.one_of(
    fetches(),
    st.integers(0, 10**6).map(lambda count: b"* %d EXISTS\r\n" % count),
    WORD.map(lambda name: b'* LIST (\\Marked) "/" ' + name + b"\r\n"),
    TEXT.map(lambda name: b'* LIST () "/" ' + literal(name) + b"\r\n"),
    TEXT.filter(lambda text: not set(text) & set(b"\r\n")).map(lambda text: b"* OK " + text + b"\r\n"),
    st.lists(st.integers(1, 9999), max_size=20).map(
        lambda found: b"* SEARCH %s\r\n" % b" ".join(b"%d" % n for n in found)
    ),
    st.tuples(WORD, TEXT).map(
        lambda pair: b"* METADATA INBOX (/shared/" + pair[0] + b" " + literal(pair[1]) + b")\r\n"
    ),
)


def cut(data: bytes, places: list[int]) -> list[bytes]:
    marks = sorted({0, len(data), *(place % (len(data) + 1) for place in places)})
    return [data[start:end] for start, end in pairwise(marks)]


def read(pieces: list[bytes]) -> list[Response]:
    protocol = Protocol()
    out: list[Response] = []
    for piece in pieces:
        out += protocol.receive(piece)
    return out


@given(st.lists(RESPONSES, max_size=8), st.lists(st.integers(0, 10**6), max_size=12))
def test_the_same_responses_however_they_are_cut(responses, places):
    data = b"* OK ready\r\n" + b"".join(responses)
    whole = read([data])
    assert len(whole) == len(responses) + 1
    assert read(cut(data, places)) == whole
    assert read([bytes([byte]) for byte in data]) == whole


@given(st.lists(fetches(), min_size=1, max_size=8))
def test_the_fast_path_reads_what_the_grammar_reads(responses):
    quick, fresh = Parser(NameCodec()), Parser(NameCodec())
    for frame in Framer().feed(b"".join(responses)):
        read_fast = quick.parse(frame)
        # A space more, and the fast path does not know it any more.
        slowly = fresh.parse((frame[0].replace(b" FETCH (", b"  FETCH  (", 1), *frame[1:]))
        assert isinstance(read_fast, Fetched)
        assert read_fast == slowly


@given(
    st.lists(
        st.one_of(RESPONSES, TEXT, st.sampled_from([b"(", b")", b'"', b"{5}\r\n", b"\r\n", b"* ", b"+ "])), max_size=12
    )
)
def test_noise_raises_nothing_but_our_errors(pieces):
    protocol = Protocol(Limits(line=2000, literal=200, literals=50))
    with contextlib.suppress(ImapError):
        protocol.receive(b"* OK ready\r\n")
        for piece in pieces:
            protocol.receive(piece)


@given(RESPONSES, st.data())
def test_damaged_responses_raise_nothing_but_our_errors(response, data):
    at = data.draw(st.integers(0, len(response) - 1))
    damaged = response[:at] + data.draw(st.binary(max_size=3)) + response[at + data.draw(st.integers(0, 3)) :]
    with contextlib.suppress(ImapError):
        read([b"* OK ready\r\n" + damaged + b"\r\n* 1 EXISTS\r\n"])
