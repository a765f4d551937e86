"""Trying an account's servers: how far one comes, how long each step takes, and what to do where it ends."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from mailconnector import imap
from mailconnector.app.account.connecting import credentials
from mailconnector.app.account.dialing import begin_tls, dial, resolve, tls_text
from mailconnector.app.account.imap_talk import ImapTalk
from mailconnector.app.account.model import Server
from mailconnector.app.account.smtp_talk import SmtpTalk
from mailconnector.app.account.steps import Missing, Outcome, ServerPing, Step, StepError, StepName
from mailconnector.app.errors import SecretError

T = TypeVar("T")
Listener = Callable[[Step], None]

DEFAULT_SECONDS = 15.0
_TALKS: dict[str, type[ImapTalk] | type[SmtpTalk]] = {"imap": ImapTalk, "smtp": SmtpTalk}
_PLAIN = "no TLS, as the profile says: everybody on the way can read the password and the mail"
_PLAIN_HERE = "no TLS, as the profile says; the server is this computer"


def ping(
    server: Server,
    *,
    secret: Callable[[Server], imap.Password | imap.Token] | None = credentials,
    seconds: float = DEFAULT_SECONDS,
    listener: Listener | None = None,
) -> ServerPing:
    """Try a server, up to the login and what it can do; nothing is changed there.

    Args:
        server: which.
        secret: where the password or token comes from; None to stop before the login.
        seconds: how long to wait for each answer.
        listener: is told of each step as it ends.
    """
    trial = _Trial(server, listener)
    try:
        _run(trial, server, secret, seconds)
    except StepError as error:
        trial.fail(error)
    return trial.result()


def _run(
    trial: _Trial, server: Server, secret: Callable[[Server], imap.Password | imap.Token] | None, seconds: float
) -> None:
    with trial.step(StepName.NAME) as found:
        addresses = resolve(server, seconds)
        found.text = ", ".join(str(place[0]) for _, place in addresses[:4])
    with trial.step(StepName.CONNECTION) as found:
        sock = dial(server, addresses, seconds)
        found.text = f"{server} answers"
    if server.security == "tls":
        with trial.step(StepName.TLS) as found:
            sock = line = begin_tls(server, sock, seconds)
            found.text = tls_text(line)
    with _TALKS[server.service](server, sock, seconds) as talk:
        with trial.step(StepName.PROTOCOL) as found:
            found.text = talk.greet()
        if server.security == "starttls":
            with trial.step(StepName.TLS) as found:
                found.text = tls_text(talk.begin_tls())
        elif server.security == "none":
            with trial.step(StepName.TLS) as found:
                found.text = _PLAIN if server.is_exposed else _PLAIN_HERE
                found.outcome = Outcome.WARNING
                found.hint = f"Try --{server.service}-security starttls." if server.is_exposed else ""
        if secret is None:
            return
        with trial.step(StepName.SECRET) as found:
            try:
                word = secret(server)
            except SecretError as error:
                raise StepError(StepName.SECRET, str(error), hint=error.hint) from error
            found.text = _origin(server)
        with trial.step(StepName.LOGIN) as found:
            found.text = talk.login(word)
        with trial.step(StepName.CAPABILITIES) as found:
            found.text, found.missing = talk.capabilities()
            found.outcome = Outcome.WARNING if found.missing else Outcome.OK


def _origin(server: Server) -> str:
    kind = "token" if server.auth == "oauth2" else "password"
    if server.secret.command is not None:
        return f"{kind} from a command"
    if server.secret.variable is not None:
        return f"{kind} from the variable {server.secret.variable}"
    return f"{kind} from the keyring"


class _Found:
    """What a step that is under way has to say."""

    def __init__(self) -> None:
        self.text = ""
        self.hint = ""
        self.outcome = Outcome.OK
        self.missing: tuple[Missing, ...] = ()


class _Trial:
    """The steps of a trial as they end."""

    def __init__(self, server: Server, listener: Listener | None) -> None:
        self._server = server
        self._listener = listener
        self._steps: list[Step] = []
        self._now: StepName | None = None
        self._began = 0.0

    @contextmanager
    def step(self, name: StepName) -> Iterator[_Found]:
        """Time a step and keep what it found."""
        self._now, self._began = name, time.perf_counter()
        found = _Found()
        yield found
        self._add(Step(name, found.outcome, time.perf_counter() - self._began, found.text, found.hint, found.missing))

    def fail(self, error: StepError) -> None:
        """Keep a failure, and say which steps were therefore left out."""
        self._add(Step(error.step, Outcome.FAILED, time.perf_counter() - self._began, str(error), error.hint))
        done = {step.name for step in self._steps}
        for name in _order(self._server):
            if name not in done:
                self._add(Step(name, Outcome.SKIPPED, 0.0, ""))

    def result(self) -> ServerPing:
        """Return all of it."""
        return ServerPing(self._server.service, self._server.host, self._server.port, tuple(self._steps))

    def _add(self, step: Step) -> None:
        self._steps.append(step)
        if self._listener is not None:
            self._listener(step)


def _order(server: Server) -> tuple[StepName, ...]:
    middle = (StepName.TLS, StepName.PROTOCOL) if server.security == "tls" else (StepName.PROTOCOL, StepName.TLS)
    return (
        StepName.NAME,
        StepName.CONNECTION,
        *middle,
        StepName.SECRET,
        StepName.LOGIN,
        StepName.CAPABILITIES,
    )
