"""A submission server that says what a test has it say, at the other end of a socket."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from mailconnector.smtp import SmtpClient

Answer = str | Callable[[socket.socket], None]


@dataclass
class Server:
    """Answers commands by the first word of a line: with one of the answers left for it, the last one again and again.

    Attributes:
        answers: By word; a function ends or harms the line.
        said: All lines that came.
        messages: The content of each DATA.
    """

    answers: dict[str, list[Answer]]
    said: list[str] = field(default_factory=list)
    messages: list[bytes] = field(default_factory=list)

    def serve(self, line: socket.socket) -> None:
        with line, line.makefile("rb") as file:
            try:
                self._say(line, "GREETING")
                for raw in file:
                    text = raw.decode().rstrip("\r\n")
                    self.said.append(text)
                    word = text.split(" ")[0].upper()
                    if self._say(line, word) and word == "DATA":
                        content = b""
                        for raw in file:
                            if raw == b".\r\n":
                                self.messages.append(content)
                                self._say(line, "END")
                                break
                            content += raw
            except (OSError, ValueError):
                pass

    def _say(self, line: socket.socket, word: str) -> bool:
        answers = self.answers.get(word, ["250 ok"])
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if callable(answer):
            answer(line)
            return False
        line.sendall(answer.encode() + b"\r\n")
        return answer[0] in "23"


def hang_up(line: socket.socket) -> None:
    line.shutdown(socket.SHUT_RDWR)


def silent(line: socket.socket) -> None:
    pass


@contextmanager
def session(extensions: str = "", /, **answers: Answer | list[Answer]) -> Iterator[tuple[SmtpClient, Server]]:
    told = "\r\n".join(["250-me", *(f"250-{one}" for one in extensions.split("|") if one), "250 HELP"])
    script: dict[str, list[Answer]] = {
        "GREETING": ["220 hello"],
        "EHLO": [told],
        "DATA": ["354 go"],
        "QUIT": ["221 bye"],
    }
    script |= {word: answer if isinstance(answer, list) else [answer] for word, answer in answers.items()}
    ours, theirs = socket.socketpair()
    server = Server(script)
    thread = threading.Thread(target=server.serve, args=(theirs,), daemon=True)
    thread.start()
    client = SmtpClient(ours, "smtp.example:25", timeout=2.0, end_timeout=2.0)
    try:
        yield client, server
    finally:
        client.close()
        thread.join(5)
        assert not thread.is_alive()
