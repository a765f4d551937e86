"""The tree of folders that a listing is, on servers of every kind."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mailconnector.imap import MailboxInfo, StatusItems
from mailconnector.imap import Rights as ImapRights
from mailconnector.imap.responses import Namespace, Namespaces
from mailconnector.items import FolderKind
from mailconnector.stores.imap.folders import Layout, Sorts, cursor_of, rights_of, special_by_name, states
from mailconnector.stores.imap.kinds import told
from mailconnector.stores.imap.spaces import TITLES
from mailconnector.stores.pst.specials import LANGUAGES
from mailconnector.sync.store import ROOT, Rights, SpecialUse

PLAIN = Layout()
COURIER = Layout.of(Namespaces((Namespace("INBOX.", "."),), (Namespace("user.", "."),), (Namespace("shared.", "."),)))
CYRUS_OLD = Layout.of(Namespaces((Namespace("INBOX/", "/"),), (Namespace("user/", "/"),), (Namespace("", "/"),)))
DOVECOT = Layout.of(Namespaces((Namespace("", "/"),), (Namespace("shared/", "/"),), (Namespace("Public/", "/"),)))
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
    assert shown == {
        "INBOX": (ROOT, "INBOX"),
        "INBOX.A": (ROOT, "A"),
        "INBOX.A.B": ("INBOX.A", "B"),
        "user.": (ROOT, "Shared folders"),
        "user.bob.": ("user.", "bob"),
        "user.bob.X": ("user.bob.", "X"),
        "shared.": (ROOT, "Public folders"),
        "shared.Y": ("shared.", "Y"),
    }
    assert COURIER.join(ROOT, "New") == "INBOX.New"
    assert COURIER.join("INBOX.A", "New") == "INBOX.A.New"


def test_others_folders_stand_under_their_owners_names():
    assert tree(CYRUS_OLD, "INBOX", "INBOX/A", "user/bob", "user/bob/A", "Public", "Public/News") == {
        "INBOX": (ROOT, "INBOX"),
        "INBOX/A": (ROOT, "A"),
        "user/": (ROOT, "Shared folders"),
        "user/bob/": ("user/", "bob"),
        "user/bob": ("user/bob/", "Inbox"),
        "user/bob/A": ("user/bob/", "A"),
        "/": (ROOT, "Public folders"),
        "Public": ("/", "Public"),
        "Public/News": ("Public", "News"),
    }
    assert tree(ALT, "INBOX", "A", "Other Users/bob/A/B", "Shared Folders/P") == {
        "INBOX": (ROOT, "INBOX"),
        "A": (ROOT, "A"),
        "Other Users/": (ROOT, "Shared folders"),
        "Other Users/bob/": ("Other Users/", "bob"),
        "Other Users/bob/A": ("Other Users/bob/", "A"),
        "Other Users/bob/A/B": ("Other Users/bob/A", "B"),
        "Shared Folders/": (ROOT, "Public folders"),
        "Shared Folders/P": ("Shared Folders/", "P"),
    }


def test_made_up_folders_are_named_in_the_users_language():
    namespaces = Namespaces((), (Namespace("user/", "/"),), (Namespace("", "/"),))
    layout = Layout.of(namespaces, TITLES["de"])
    assert tree(layout, "INBOX", "user/bob", "user/bob/A", "News") == {
        "INBOX": (ROOT, "INBOX"),
        "user/": (ROOT, "Freigegebene Ordner"),
        "user/bob/": ("user/", "bob"),
        "user/bob": ("user/bob/", "Posteingang"),
        "user/bob/A": ("user/bob/", "A"),
        "/": (ROOT, "Öffentliche Ordner"),
        "News": ("/", "News"),
    }
    assert set(TITLES) == set(LANGUAGES)


def test_an_inbox_that_is_there_twice_is_shown_once_and_names_of_others_are_no_folders():
    listed = [
        info("shared", "\\noselect"),
        info("shared/alice", "\\noselect"),
        info("shared/alice/A"),
        info("shared/bob"),
        info("shared/bob/INBOX"),
        info("shared/bob/INBOX/B"),
        info("INBOX"),
    ]
    found = {state.id: state for state in states(listed, DOVECOT)}
    assert set(found) == {
        "INBOX",
        "shared/",
        "shared/alice/",
        "shared/alice/A",
        "shared/bob/",
        "shared/bob/INBOX",
        "shared/bob/INBOX/B",
    }
    assert (found["shared/bob/INBOX"].parent, found["shared/bob/INBOX"].name) == ("shared/bob/", "Inbox")
    assert [found[id_].selectable for id_ in ("shared/", "shared/alice/", "shared/alice/A")] == [False, False, True]
    assert [
        found[id_].owner for id_ in ("INBOX", "shared/", "shared/alice/", "shared/alice/A", "shared/bob/INBOX")
    ] == [
        "",
        "shared/",
        "alice",
        "alice",
        "bob",
    ]


def test_what_may_be_done_with_others_folders():
    def rights(letters):
        (state,) = [
            state
            for state in states([replace(info("shared/a/X"), rights=ImapRights.parse(letters))], DOVECOT)
            if state.id == "shared/a/X"
        ]
        return state.selectable, state.rights

    assert rights("lr") == (True, Rights.NONE)
    assert rights("lrswipkxtea") == (True, Rights.ALL & ~Rights.CHANGE)
    # Without being read it cannot be kept in step.
    assert rights("lip") == (False, Rights.ADD)


@pytest.mark.parametrize("layout", [COURIER, CYRUS_OLD, ALT, DOVECOT])
def test_a_mailbox_is_split_into_what_it_is_joined_of(layout):
    mark = layout.separator
    for space in layout.foreign:
        owner = "alice" + mark if space.has_owners else ""
        for below in ("A", f"A{mark}B", f"A{mark}B{mark}C"):
            name = f"{space.prefix}{owner}{below}"
            parent, own = layout.split(name)
            assert layout.join(parent, own) == name
            assert not layout.is_own(name)
            assert not layout.is_own(parent)


def test_no_owner_and_the_longest_prefix():
    layout = Layout.of(
        Namespaces((Namespace("", "/"),), (Namespace("shared/", "/"),), (Namespace("shared/public/", "/"),))
    )
    found = {state.id: state for state in states([info("shared/public/N"), info("shared/bob/N")], layout)}
    assert found["shared/public/N"].owner == "shared/public/"
    assert found["shared/bob/N"].owner == "bob"


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
    assert use in [found for found, _ in special_by_name(name)]


@pytest.mark.parametrize(
    ("use", "names"),
    [
        (SpecialUse.CALENDAR, ["Calendar", "KALENDER", "Calendrier", "Calendario"]),
        (SpecialUse.CONTACTS, ["Contacts", "Kontakte", "Contatti", "Contactos"]),
        (SpecialUse.TASKS, ["Tasks", "Aufgaben", "Tâches", "Attività", "Tareas"]),
        (SpecialUse.NOTES, ["Notes", "Notizen", "Note", "Notas"]),
        (SpecialUse.JOURNAL, ["Journal", "Diario"]),
    ],
)
def test_kinds_by_names_in_five_languages_at_the_top_and_in_the_inbox(use, names):
    for name in names:
        found = {state.id: state for state in states([info(name), info(f"INBOX/{name}"), info(f"Deep/{name}")], PLAIN)}
        assert (found[name].special, found[name].kind) == (use, use.kind)
        assert (found[f"INBOX/{name}"].special, found[f"INBOX/{name}"].kind) == (None, FolderKind.MAIL)
        assert found[f"Deep/{name}"].kind is FolderKind.MAIL
        (alone,) = (state for state in states([info(f"INBOX/{name}")], PLAIN) if state.selectable)
        assert alone.special is use


def kinds_of(sorts, *names):
    return {
        state.id: (state.kind, state.special)
        for state in states([info(name, status=StatusItems(3, 4, 7, 9)) for name in names], PLAIN, sorts)
    }


def test_annotations_count_more_than_names():
    sorts = Sorts(
        {
            "Calendar": told([b"mail"]),
            "Termine": told([b"event.default"]),
            "Leute": told([b"contact"]),
            "Contacts": told([b"contact"]),
            "Post": told([b"mail.sentitems"]),
            "Configuration": told([b"configuration.default"]),
        }
    )
    assert kinds_of(sorts, "Calendar", "Termine", "Leute", "Contacts", "Post", "Configuration", "Sent") == {
        "Calendar": (FolderKind.MAIL, None),
        "Termine": (FolderKind.CALENDAR, SpecialUse.CALENDAR),
        "Leute": (FolderKind.CONTACTS, None),
        "Contacts": (FolderKind.CONTACTS, SpecialUse.CONTACTS),
        "Post": (FolderKind.MAIL, SpecialUse.SENT),
        "Sent": (FolderKind.MAIL, None),
    }


def test_content_speaks_where_nothing_else_does_and_against_names():
    looks = {"Notes": FolderKind.MAIL, "Team": FolderKind.CALENDAR, "Tasks": FolderKind.TASKS, "Journal": None}
    sorts = Sorts(look=lambda info: looks[info.name])
    assert kinds_of(sorts, "Notes", "Team", "Tasks", "Journal") == {
        "Notes": (FolderKind.MAIL, None),
        "Team": (FolderKind.CALENDAR, None),
        "Tasks": (FolderKind.TASKS, SpecialUse.TASKS),
        "Journal": (FolderKind.JOURNAL, SpecialUse.JOURNAL),
    }


def test_no_look_is_taken_where_something_else_tells():
    def look(info):
        raise AssertionError(info.name)

    sorts = Sorts({"A": told([b"mail"]), "B": told([b"note"])}, look)
    assert kinds_of(sorts, "INBOX", "Sent", "A", "B")["B"] == (FolderKind.NOTES, None)


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
