"""Messages on the line of SMTP: whatever they hold, the server gets them whole, and their end is where we say it is."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from mailconnector.smtp import SmtpProtocolError
from mailconnector.smtp.protocol import MOST_LINE, extensions_of, on_the_line, read_reply, size_limit

PIECES = st.sampled_from([b".", b"\r", b"\n", b"\r\n", b"a", b"..", b"\r\n.\r\n", b"\n.\n", b"\0", b"\xff"])


@given(st.lists(PIECES | st.binary(max_size=5), max_size=40).map(b"".join))
def test_a_message_comes_out_as_it_went_in(message: bytes) -> None:
    sent = on_the_line(message)
    assert not sent or sent.endswith(b"\r\n")
    # No server takes a part of it for the end, however it counts lines.
    for lone in (b"\r\n.\r\n", b"\n.\n", b"\r.\r", b"\n.\r", b"\r.\n"):
        assert lone not in b"\r\n" + sent
    came = b"".join(line.removeprefix(b".") + b"\r\n" for line in sent.split(b"\r\n")[:-1])
    whole = re.sub(rb"\r\n|\r|\n", b"\r\n", message)
    assert came == (whole if not whole or whole.endswith(b"\r\n") else whole + b"\r\n")


@given(st.lists(st.binary(max_size=30) | st.sampled_from([b"250-SIZE 9", b"250 ok", b"550 no", b"250-AUTH=LOGIN"])))
def test_a_reply_is_read_or_refused(lines: list[bytes]) -> None:
    left = iter(lines)
    try:
        reply = read_reply(lambda: next(left, b"250 end")[:MOST_LINE])
    except SmtpProtocolError:
        return
    assert 200 <= reply.code <= 599
    assert "\n" not in reply.text
    limit = size_limit(extensions_of(reply))
    assert limit is None or limit > 0
