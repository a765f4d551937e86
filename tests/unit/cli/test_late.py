"""Commands that are loaded when they are called: what is said of them is what they say, and nothing else is loaded."""

import json
import os
import subprocess
import sys

import pytest
import typer
from typer.core import TyperGroup

from mailconnector.cli.late import Late
from mailconnector.cli.main import app

SHOW_LOADED = """
import json, sys
from mailconnector.cli.main import app
try:
    app(sys.argv[1:], prog_name="mailconnector")
except SystemExit as end:
    loaded = sorted(name for name in sys.modules if name.startswith("mailconnector."))
    sys.stderr.write(json.dumps([end.code or 0, loaded]))
"""


def outcome(*arguments, **environment):
    """What a fresh process prints, and what it loaded of the package."""
    result = subprocess.run(
        [sys.executable, "-c", SHOW_LOADED, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "COLUMNS": "500", **environment},
        timeout=60,
    )
    code, loaded = json.loads(result.stderr)
    return code, result.stdout, set(loaded)


def commands_of(group, path=()):
    """Each command that stands in a group until it is called: its path, and the one that stands there."""
    for name, stand in group.commands.items():
        real = stand.load()
        yield (*path, name), stand, real
        if isinstance(real, TyperGroup) and all(hasattr(each, "load") for each in real.commands.values()):
            yield from commands_of(real, (*path, name))


EVERY = {" ".join(path): (stand, real) for path, stand, real in commands_of(typer.main.get_command(app))}


def test_every_command_of_the_tables_is_found():
    assert {"account add", "sync", "pst compact", "lab"} < set(EVERY)


@pytest.mark.parametrize("path", EVERY)
def test_what_is_said_of_a_command_is_how_its_own_help_begins(path):
    stand, real = EVERY[path]
    assert real.name == stand.name == path.split()[-1]
    assert " ".join(real.help.split("\n\n")[0].split()) == stand.help


@pytest.mark.parametrize(
    ("arguments", "own"),
    [
        (("--version",), {"cli.main", "cli.commands", "cli.late"}),
        (("--help",), {"cli.main", "cli.commands", "cli.late"}),
        (("pst", "--help"), {"cli.main", "cli.commands", "cli.late", "cli.pst"}),
        (("account", "--help"), {"cli.main", "cli.commands", "cli.late", "cli.account"}),
    ],
)
def test_help_loads_no_command(arguments, own):
    code, _, loaded = outcome(*arguments)
    assert code == 0
    assert loaded == {"mailconnector.cli", *(f"mailconnector.{name}" for name in own)}


def test_the_help_of_a_group_tells_of_each_command():
    for path in ((), ("pst",), ("account",)):
        _, out, _ = outcome(*path, "--help")
        for name, (stand, _) in EVERY.items():
            if name.split()[:-1] == list(path):
                assert f"{stand.name} " in out
                assert stand.help in out


def test_a_command_loads_no_other_one(empty_pst):
    code, out, loaded = outcome("pst", "info", empty_pst)
    assert code == 0
    assert str(empty_pst) in out
    others = {f"mailconnector.cli.{stand.place.split(':')[0]}" for stand, _ in EVERY.values()}
    assert loaded & others == {"mailconnector.cli.pst", "mailconnector.cli.pst_info"}


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("mailconnector s", {"sync", "status", "share"}),
        ("mailconnector pst c", {"create", "check", "compact"}),
        ("mailconnector pst info --js", {"--json"}),
        ("mailconnector item d", {"diff"}),
    ],
)
def test_completion_knows_commands_groups_and_options(words, found):
    _, out, _ = outcome(
        _MAILCONNECTOR_COMPLETE="complete_bash", COMP_WORDS=words, COMP_CWORD=str(len(words.split()) - 1)
    )
    assert found <= set(out.split())


def test_a_wrong_name_is_told_with_those_that_are_like_it(run):
    assert "'status'" in run("stauts").err
    assert "'info'" in run("pst", "imfo").err


def test_a_command_that_does_not_stand_where_it_should_is_a_fault_of_ours():
    with pytest.raises(AttributeError):
        Late("gone", "exits:nothing_there", "Do nothing.").load()


def test_the_program_itself_loads_nothing_before_it_is_run():
    program = "import sys, mailconnector.__main__; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert not {"typer", "rich", "mailconnector.cli"} & set(done.stdout.split())


def test_the_process_that_parses_loads_neither_the_engine_nor_what_it_does_not_parse():
    program = (
        "import sys, mailconnector.stores.imap.parsing, mailconnector.stores.pst.preparing\n"
        "mailconnector.stores.imap.parsing.load_all()\n"
        "print(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    loaded = set(done.stdout.split())
    assert "mailconnector.formats.item_message" in loaded
    unwanted = {
        "icalendar", "sqlite3", "ssl", "mailconnector.sync.engine", "mailconnector.imap", "mailconnector.pst.check",
        "mailconnector.formats.kolab", "mailconnector.formats.calendar.documents",
    }  # fmt: skip
    assert not unwanted & loaded
