"""The tree of folders that a listing is, on servers of every kind."""

from __future__ import annotations

import pytest

from mailconnector.imap import MailboxInfo, StatusItems
from mailconnector.imap import Rights as ImapRights
from mailconnector.imap.responses import Namespace, Namespaces
from mailconnector.stores.imap.folders import Layout, cursor_of, rights_of, special_by_name, states
from mailconnector.sync.store import ROOT, Rights, SpecialUse

PLAIN = Layout()
COURIER = Layout.of(Namespaces((Namespace("INBOX.", "."),), (Namespace("user.", "."),), (Namespace("shared.", "."),)))
CYRUS_OLD = Layout.of(Namespaces((Namespace("INBOX/", "/"),), (Namespace("user/", "/"),), (Namespace("", "/"),)))
ALT = Layout.of(
    Namespaces((Namespace("", "/"),), (Namespace("Other Users/", "/"),), (Namespace("Shared Folders/", "/"),))
)


def info(name, *attributes, separator="/", status=None):
    return MailboxInfo(name, separator, frozenset(attributes), status=status)


def tree(layout, *names, separator="/"):
    found = states([info(name, separator=separator) for name in names], layout)
    return {state.id: (state.parent, state.name) for state in found}


def test_folders_in_folders():
    assert tree(PLAIN, "INBOX", "A", "A/B", "INBOX/C") == {
        "INBOX": (ROOT, "INBOX"),
        "A": (ROOT, "A"),
        "A/B": ("A", "B"),
        "INBOX/C": ("INBOX", "C"),
    }


def test_below_the_inbox_is_at_the_top_where_all_is():
    shown = tree(COURIER, "INBOX", "INBOX.A", "INBOX.A.B", "user.bob.X", "shared.Y", separator=".")
    assert shown == {"INBOX": (ROOT, "INBOX"), "INBOX.A": (ROOT, "A"), "INBOX.A.B": ("INBOX.A", "B")}
    assert COURIER.join(ROOT, "New") == "INBOX.New"
    assert COURIER.join("INBOX.A", "New") == "INBOX.A.New"


def test_others_folders_are_left_out():
    assert set(tree(CYRUS_OLD, "INBOX", "INBOX/A", "user/bob", "user/bob/A", "Public")) == {"INBOX", "INBOX/A"}
    assert set(tree(ALT, "INBOX", "A", "Other Users", "Other Users/bob/A", "Shared Folders/P")) == {"INBOX", "A"}


def test_the_prefix_itself_is_no_folder():
    layout = Layout.of(Namespaces((Namespace("Mail/", "/"),)))
    assert tree(layout, "INBOX", "Mail", "Mail/A") == {"INBOX": (ROOT, "INBOX"), "Mail/A": (ROOT, "A")}


def test_missing_parents_are_made_up():
    found = {state.id: state for state in states([info("A/B/C/D")], PLAIN)}
    assert [found[id_].selectable for id_ in ("A", "A/B", "A/B/C", "A/B/C/D")] == [False, False, False, True]
    assert found["A/B/C"].parent == "A/B"


def test_odd_names_stand_at_the_top():
    assert tree(PLAIN, "/", "/a", "b/") == {"/": (ROOT, "/"), "/a": (ROOT, "/a"), "b/": (ROOT, "b/")}
    flat = Layout("", "", ("",))
    assert tree(flat, "a/b", separator="") == {"a/b": (ROOT, "a/b")}


def test_special_uses_come_first_and_names_second():
    found = states(
        [
            info("INBOX"),
            info("Sent"),
            info("Gesendet", "\\sent"),
            info("Papierkorb"),
            info("Deleted Items"),
            info("Entwürfe"),
            info("Deep/Spam"),
            info("Archive", "\\noselect"),
        ],
        PLAIN,
    )
    assert {state.id: state.special for state in found if state.special} == {
        "INBOX": SpecialUse.INBOX,
        "Gesendet": SpecialUse.SENT,
        "Deleted Items": SpecialUse.TRASH,
        "Entwürfe": SpecialUse.DRAFTS,
    }


def test_views_of_gmail_are_left_out():
    names = {
        "[Gmail]": ("\\noselect",),
        "[Gmail]/All Mail": ("\\all",),
        "[Gmail]/Starred": ("\\flagged",),
        "[Gmail]/Important": ("\\important",),
        "[Gmail]/Sent Mail": (),
        "[Gmail]/Bin": ("\\trash",),
    }
    found = {state.id: state for state in states([info(name, *flags) for name, flags in names.items()], PLAIN)}
    assert set(found) == {"[Gmail]", "[Gmail]/Sent Mail", "[Gmail]/Bin"}
    assert found["[Gmail]/Sent Mail"].special is SpecialUse.SENT
    assert found["[Gmail]/Bin"].special is SpecialUse.TRASH
    assert not found["[Gmail]"].selectable


@pytest.mark.parametrize(
    ("name", "use"),
    [
        ("GESENDETE OBJEKTE", SpecialUse.SENT),
        ("Éléments envoyés", SpecialUse.SENT),
        ("Posta inviata", SpecialUse.SENT),
        ("Papelera", SpecialUse.TRASH),
        ("Corbeille", SpecialUse.TRASH),
        ("Brouillons", SpecialUse.DRAFTS),
        ("Bozze", SpecialUse.DRAFTS),
        ("Correo no deseado", SpecialUse.JUNK),
        ("Archives", SpecialUse.ARCHIVE),
    ],
)
def test_names_in_five_languages(name, use):
    found = special_by_name(name)
    assert found is not None
    assert found[0] is use


def test_a_cursor_needs_all_of_it():
    assert cursor_of(StatusItems(4, 30, 7, 99)) == "7:99:30:4"
    assert cursor_of(StatusItems(0, 1, 7, 1)) == "7:1:1:0"
    for status in (None, StatusItems(4, 30, 7), StatusItems(4, None, 7, 99), StatusItems(4, 30, 7, 0)):
        assert cursor_of(status) == ""


def test_rights_of_a_listing():
    assert rights_of(ImapRights.parse("lrswipkxtea")) == Rights.ALL
    assert rights_of(ImapRights.parse("lr")) == Rights.NONE
    assert rights_of(ImapRights.parse("lrsit")) == Rights.ADD | Rights.FLAGS
    (state,) = states([info("A", "\\noinferiors")], PLAIN)
    assert state.rights == Rights.ALL & ~Rights.CHILDREN
