"""What was found in a shared folder and its companion, from one run to the next.

Messages of a UID never change, so what was looked at once need not be read again: of the shared folder the UID is kept
up to which everything was looked at, and which of that are placeholders; of the companion every item, with the name of
its placeholder and a digest of its times. What is lost of this, or does not fit any more, is read again.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

_MOST_BYTES = 32 << 20  # of the file


@dataclass(frozen=True, slots=True)
class Kept:
    """An item in a companion.

    Attributes:
        name: Its name (`sync.store.Identity`).
        private: It is marked private; one that is not belongs into the shared folder.
        revision: Its revision.
        placeholder: The message id of its placeholder; empty where it has none.
        shape: The digest of its times.
    """

    name: str
    private: bool
    revision: str
    placeholder: str = ""
    shape: str = ""


@dataclass(frozen=True, slots=True)
class Stand:
    """A placeholder in a shared folder.

    Attributes:
        name: Its message id.
        shape: The digest of its times.
        noted: The digest of the times that it was made with; empty where that is not told any more.
        plain: Nobody has changed anything of it since it was made.
    """

    name: str
    shape: str
    noted: str
    plain: bool


@dataclass
class View:
    """What is known of a shared folder and its companion.

    Attributes:
        validity: The UIDVALIDITY of the folder.
        seen: Every message of the folder with a smaller UID was looked at.
        stands: The placeholders among these, by UID.
        companion: The UIDVALIDITY of the companion.
        items: What is in the companion, by UID.
        settled: The cursors of both under which there was nothing to be put in order; empty when there is.
    """

    validity: int = 0
    seen: int = 0
    stands: dict[int, Stand] = field(default_factory=dict)
    companion: int = 0
    items: dict[int, Kept] = field(default_factory=dict)
    settled: str = ""


class Views:
    """The views of all shared folders of an account.

    Args:
        path: The file that they are kept in; None to keep them as long as the object is there. One that cannot be read
            or written costs another look.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._views: dict[str, View] = {}
        self._saved = ""
        self._load()

    def of(self, folder: str) -> View:
        """Return what is known of a folder; the caller changes it."""
        return self._views.setdefault(folder, View())

    def rename(self, old: str, new: str) -> None:
        """Note that a folder has another name."""
        if old in self._views:
            self._views[new] = self._views.pop(old)

    def keep(self, folders: Iterable[str]) -> None:
        """Forget all folders but some."""
        there = set(folders)
        self._views = {name: view for name, view in self._views.items() if name in there}
        self.save()

    def save(self) -> None:
        """Write down what is known."""
        text = json.dumps({name: _written(view) for name, view in self._views.items()}, sort_keys=True)
        if self._path is None or text == self._saved or (not self._views and not self._saved):
            return
        with suppress(OSError):
            new = self._path.with_name(self._path.name + ".new")
            new.write_text(text, "utf-8")
            new.replace(self._path)
            self._saved = text

    def _load(self) -> None:
        if self._path is None:
            return
        with suppress(OSError, ValueError, TypeError, AttributeError, KeyError, RecursionError):
            if self._path.stat().st_size > _MOST_BYTES:
                return
            text = self._path.read_text("utf-8")
            self._views = {str(name): _read(value) for name, value in json.loads(text).items()}
            self._saved = text


def _written(view: View) -> dict[str, Any]:
    return asdict(view)


def _read(value: Mapping[str, Any]) -> View:
    stands = {
        int(uid): Stand(str(one["name"]), str(one["shape"]), str(one["noted"]), one["plain"] is True)
        for uid, one in value["stands"].items()
    }
    items = {
        int(uid): Kept(
            str(one["name"]), one["private"] is True, str(one["revision"]), str(one["placeholder"]), str(one["shape"])
        )
        for uid, one in value["items"].items()
    }
    return View(
        int(value["validity"]), int(value["seen"]), stands, int(value["companion"]), items, str(value["settled"])
    )
