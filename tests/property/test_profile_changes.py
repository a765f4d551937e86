"""Changes of a profile, however it was written: the values are those of a plain dictionary that is changed as well."""

import tomllib
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from mailconnector.app.account.profile import ProfileDraft, ProfileError

# How our own commands write it, and most people do: these can be changed.
USUAL = (
    "",
    "# only a comment\n",
    """\
[accounts.a]
address = "a@b.c" # kept
[accounts.a.imap]
host = "h"
secret = { variable = "X" }
[accounts.a.folders."In/box"]
mode = "push"
[accounts.b]
address = "b@b.c"
""",
    """\
[accounts.b]
address = "b@b.c"

[accounts.b.smtp]
host = "h"

# Another.
[accounts.a]
address = "a@b.c" # kept
imap = { host = "h", secret = { command = ["x"] } }
""",
)
# How it may be written as well: changed rightly, or not at all.
UNUSUAL = (
    """\
[accounts.a]
address = "a@b.c"
imap = { host = "h", port = 1 }
folders = { "In/box" = { mode = "push" }, "x.y" = { minutes = 3 } }

[accounts.b]
imap.host = "h"
imap.secret.variable = "X"
""",
    """\
[accounts]
[accounts.a]
[accounts.a.folders]
"In/box".mode = "push"
[accounts.b]
[accounts.b.imap]
host = "h"
""",
    """\
[accounts.a.imap]
host = "h"
[accounts.b]
address = "b@b.c"
[accounts.a.folders."x.y"]
minutes = 3
""",
    """\
accounts.a.address = "a@b.c"
accounts.a.imap.host = "h"
""",
)

keys = st.sampled_from(["a", "b", "c"])
places = st.sampled_from(
    [
        ("address",),
        ("mapping",),
        ("imap", "host"),
        ("imap", "port"),
        ("imap", "secret"),
        ("sync", "mode"),
        ("folders", "In/box", "mode"),
        ("folders", "x.y", "minutes"),
        ("folders", 'q"\\', "mode"),
    ]
)
values = st.sampled_from(["text", 'quo"te\n', 3, True, 0.5, {"keyring": True}, {"command": ["a", "b"]}, None])
changes = st.one_of(st.tuples(st.just("set"), keys, places, values), st.tuples(st.just("remove"), keys))


def model_set(document, path, value):
    """Set a value in a dictionary; None removes it, and the tables of options that are empty then."""
    tables = [document]
    for part in path[:-1]:
        if value is None and part not in tables[-1]:
            return
        tables.append(tables[-1].setdefault(part, {}))
    if value is not None:
        tables[-1][path[-1]] = value
        return
    if path[-1] not in tables[-1]:
        return
    del tables[-1][path[-1]]
    for depth in range(len(path) - 2, 1, -1):
        if not tables[depth + 1]:
            del tables[depth][path[depth]]


@given(st.sampled_from(USUAL + UNUSUAL), st.lists(changes, max_size=8))
def test_the_text_says_what_the_changes_say(text, steps):
    expected = tomllib.loads(text)
    try:
        draft = ProfileDraft(text, Path("profile.toml"))
        for step in steps:
            if step[0] == "set":
                draft.set(step[1], step[2], step[3])
                model_set(expected, ("accounts", step[1], *step[2]), step[3])
            else:
                draft.remove(step[1])
                expected.get("accounts", {}).pop(step[1], None)
            found = tomllib.loads(draft.text())
            assert without_empty(found) == without_empty(expected)
            # What is read again and changed on is the same.
            draft = ProfileDraft(draft.text(), Path("profile.toml"))
    except ProfileError:
        assert text in UNUSUAL
        return
    if "# kept" in text and not any(step == ("remove", "a") or step[1:3] == ("a", ("address",)) for step in steps):
        assert "# kept" in draft.text()


def without_empty(document):
    """Leave out tables without a value: whether they are written or not says nothing."""
    if not isinstance(document, dict):
        return document
    inner = {key: without_empty(value) for key, value in document.items()}
    return {key: value for key, value in inner.items() if value != {}}
