"""What the tests of the commands share: running them, and small PST files."""

import json
from dataclasses import dataclass
from typing import Any

import pytest
from typer.testing import CliRunner

from mailconnector import pst
from mailconnector.cli.main import app
from mailconnector.mapi import MessageObject, tags


@dataclass(frozen=True)
class Outcome:
    """How a command ended and what it wrote."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Its answer, which is all that is on stdout."""
        return json.loads(self.out)


@pytest.fixture
def run():
    """A function that runs `mailconnector` with arguments, at a width at which nothing is cut."""

    def command(*arguments):
        result = CliRunner().invoke(app, [str(argument) for argument in arguments], env={"COLUMNS": "500"})
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Outcome(result.exit_code, result.stdout, result.stderr)

    return command


@pytest.fixture(params=["unicode", "ansi"])
def empty_pst(request, tmp_path):
    """A new PST file with the usual folders, of each format."""
    path = tmp_path / f"{request.param}.pst"
    pst.create_store(path, format=request.param, usual_folders=True).close()
    return path


HOSTILE = "\x1b[2Jevil\x07 [bold red]../../x[/] \u202egpj"


@pytest.fixture
def hostile_pst(tmp_path):
    """A PST file whose names and subjects are meant to do harm."""
    path = tmp_path / "hostile.pst"
    with pst.create_store(path) as store, store.transaction():
        names = ("../../escape", "..", "con", "CON", "cur", "a.eml", "x" * 400, HOSTILE, "C:\\temp", "nul.txt", "new")
        for name in names:
            folder = store.ipm_subtree.create_folder(name)
            for subject in (HOSTILE, "../../../etc/passwd", "", "con", "a/b\\c:d" * 60):
                folder.add_message(MessageObject({tags.PidTagSubject: subject, tags.PidTagBody: "text"}))
    return path
