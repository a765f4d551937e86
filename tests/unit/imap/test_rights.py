from __future__ import annotations

import pytest

from mailconnector.imap.errors import ImapUsageError
from mailconnector.imap.rights import ALL_RIGHTS, Rights


def test_order_and_the_old_letters_do_not_count():
    assert Rights.parse("lrswipkxtea") == Rights.parse("aetxkpiwsrlcd") == ALL_RIGHTS


def test_the_old_letters_alone_mean_the_new_rights():
    assert Rights.parse("lrd") == Rights.parse("lrxte")
    assert Rights.parse("lrc") == Rights.parse("lrk")
    assert Rights.parse("lrcd", old=True) == Rights.parse("lrkxte")


def test_the_old_letters_add_nothing_where_the_new_ones_are():
    # Dovecot shows "d" to whoever has any of x, t, e.
    assert Rights.parse("lrstd") == Rights.parse("lrst")


def test_writing():
    assert str(Rights.parse("aelr")) == "lrea"
    assert Rights.parse("lrkte").wire(old=True) == "lrcd"
    assert Rights.parse("n0l").wire() in ("l0n", "ln0")
    assert Rights().wire() == ""


@pytest.mark.parametrize("text", ["l r", "é", "l+", "\r\n"])
def test_what_are_no_rights(text):
    with pytest.raises(ImapUsageError):
        Rights.parse(text)


def test_sets():
    assert Rights.parse("lr") <= ALL_RIGHTS
    assert (ALL_RIGHTS - Rights.parse("a")) | Rights.parse("a") == ALL_RIGHTS
    assert "a" in ALL_RIGHTS and "n" not in ALL_RIGHTS
