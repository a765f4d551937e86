"""How a command ends: errors become a line on stderr and an exit code, in this one place."""

import functools
import os
import sys
from collections.abc import Callable, Mapping
from enum import IntEnum
from typing import ParamSpec

import typer

from mailconnector.app.sync.verdict import Verdict, verdict_of_error
from mailconnector.cli.terminal import print_error, print_notice
from mailconnector.errors import MailConnectorError
from mailconnector.pst import PstError

P = ParamSpec("P")


class ExitCode(IntEnum):
    """What the exit code of every command means."""

    OK = 0
    """All was done; for `check`: the file is clean."""
    FINDINGS = 1
    """The command ran to its end; some items failed, or `check` has findings."""
    UNUSABLE = 2
    """The file is no PST, or it or the arguments cannot be used so."""
    IN_USE = 3
    """Another program has the file open."""
    DISK = 4
    """The system refused to read or write, or there is no more room."""
    HELD = 5
    """All else is done, but deletions wait for a word from the user."""
    REFUSED = 6
    """An account does not work until the user does something: password, certificate, rights."""
    LOST = 7
    """A server could not be reached, or the connection broke; trying again is safe and may help."""
    NO_SECRET = 10
    """`account ping`: the password or token could not be had."""
    NO_NAME = 11
    """`account ping`: the server's name is not known."""
    NO_CONNECTION = 12
    """`account ping`: nothing answers at the server's port."""
    NO_TLS = 13
    """`account ping`: the line cannot be made private: certificate, version, STARTTLS."""
    NO_PROTOCOL = 14
    """`account ping`: what answers is not such a mail server, or says nothing."""
    NO_LOGIN = 15
    """`account ping`: the server does not let us in."""
    NO_CAPABILITY = 16
    """`account ping`: the server lacks what there is no way without."""
    INTERRUPTED = 130
    """The user stopped it."""
    BROKEN_PIPE = 141
    """Nobody reads the output any more."""


EXIT_OF_VERDICT: Mapping[Verdict, ExitCode] = {
    Verdict.IN_STEP: ExitCode.OK,
    Verdict.HELD: ExitCode.HELD,
    Verdict.PARTLY: ExitCode.FINDINGS,
    Verdict.STOPPED: ExitCode.INTERRUPTED,
    Verdict.IN_USE: ExitCode.IN_USE,
    Verdict.LOST: ExitCode.LOST,
    Verdict.DISK: ExitCode.DISK,
    Verdict.REFUSED: ExitCode.REFUSED,
    Verdict.UNUSABLE: ExitCode.UNUSABLE,
}


def exit_code_of(error: MailConnectorError) -> ExitCode:
    """Return the exit code that an error ends a command with."""
    return EXIT_OF_VERDICT[verdict_of_error(error)]


def _with_file(error: MailConnectorError, file: object) -> str:
    """Return an error's message; the engine's speak of nodes and offsets alone, and get the file's name before them."""
    message = str(error)
    return f"{file}: {message}" if isinstance(error, PstError) and file and str(file) not in message else message


def ends_well(command: Callable[P, ExitCode | None]) -> Callable[P, None]:
    """Make a function a command: what it raises and what it returns become an exit code."""

    @functools.wraps(command)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            code = command(*args, **kwargs) or ExitCode.OK
            sys.stdout.flush()
        except MailConnectorError as error:
            print_error(_with_file(error, kwargs.get("file")), error.hint)
            code = exit_code_of(error)
        except KeyboardInterrupt as interrupt:
            print_notice(str(interrupt) or "Stopped.")
            code = ExitCode.INTERRUPTED
        except BrokenPipeError:
            # What is still held back must not fail again when the interpreter ends.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            code = ExitCode.BROKEN_PIPE
        raise typer.Exit(code)

    return wrapper
