"""Exported items as Outlook itself has them, with every property: .msg files and TNEF streams."""

from collections.abc import Callable

from mailconnector.app.pst.files_written import NumberedFiles
from mailconnector.app.pst.outgoing import NOTHING_LOST, Lost, Outgoing
from mailconnector.mapi import msg, tnef
from mailconnector.mapi.objects import MessageObject


class WholeTarget:
    """A directory of single files.

    Args:
        files: where they go.
        suffix: of their names.
        build: makes a file.
    """

    def __init__(self, files: NumberedFiles, suffix: str, build: Callable[[MessageObject], bytes]) -> None:
        self._files = files
        self._suffix = suffix
        self._build = build

    def add(self, outgoing: Outgoing) -> Lost:
        """Write an item."""
        self._files.write(outgoing.subject, self._suffix, self._build(outgoing.message), outgoing.moment)
        return NOTHING_LOST

    def close(self) -> None:
        """There is nothing to be ended."""


def msg_target(files: NumberedFiles) -> WholeTarget:
    """Return a directory of .msg files."""
    return WholeTarget(files, ".msg", msg.build)


def tnef_target(files: NumberedFiles) -> WholeTarget:
    """Return a directory of TNEF streams, as mail has them under the name of winmail.dat."""
    return WholeTarget(files, ".tnef", tnef.build)
