"""The file under the node database: bounded reads at an offset, collected writes, and the order that commits need.

Writes are held back and go out in the order of their offsets, neighbours together; :meth:`Device.sync` is the barrier
behind which everything that was written before is on the disk. Reads see what was written, whether it went out or not.
"""

import io
import os
from collections.abc import Callable
from typing import BinaryIO

from mailconnector.pst.errors import PstDiskError, PstFormatError

_FLUSH_BYTES = 4 << 20
_JOIN_BYTES = 1 << 20


class Device:
    """A binary file object seen as an array of bytes.

    Args:
        file: an object with seek, read, and for changes write and truncate. A real file is read with ``os.pread``.
        sync: called at each barrier. By default ``os.fsync`` for a real file and nothing for any other object.
    """

    def __init__(self, file: BinaryIO, sync: Callable[[], None] | None = None) -> None:
        self._file = file
        self._fd = _descriptor(file)
        self._sync = sync
        self._pending: dict[int, bytes] = {}
        self._pending_bytes = 0

    def size(self) -> int:
        """Return the size of the file in bytes, writes that are held back not counted."""
        try:
            if self._fd is not None:
                return os.fstat(self._fd).st_size
            return self._file.seek(0, io.SEEK_END)
        except (OSError, ValueError) as error:
            raise PstDiskError(f"cannot find the file's size: {error}") from error

    def read(self, offset: int, size: int) -> bytes:
        """Return ``size`` bytes from ``offset``.

        Raises:
            PstFormatError: the range reaches beyond the end of the file.
            PstDiskError: the system refused.
        """
        if self._pending:
            data = self._pending.get(offset)
            if data is not None:
                if len(data) == size:
                    return data
                self.flush()
        try:
            if self._fd is not None:
                data = os.pread(self._fd, size, offset)
            else:
                self._file.seek(offset)
                data = self._file.read(size)
        except (OSError, ValueError, OverflowError) as error:
            raise PstDiskError(f"cannot read {size} bytes: {error}", offset=offset) from error
        if len(data) != size:
            raise PstFormatError(f"{size} bytes are wanted where the file ends", offset=offset)
        return data

    def write(self, offset: int, data: bytes) -> None:
        """Take ``data`` to be written at ``offset``. Two writes that are held back never overlap in part."""
        old = self._pending.get(offset)
        if old is not None:
            self._pending_bytes -= len(old)
        self._pending[offset] = data
        self._pending_bytes += len(data)
        if self._pending_bytes >= _FLUSH_BYTES:
            self.flush()

    def flush(self) -> None:
        """Write out what is held back, in the order of offsets, neighbours joined."""
        if not self._pending:
            return
        pending = sorted(self._pending.items())
        run: list[bytes] = []
        run_at = run_end = pending[0][0]
        for offset, data in pending:
            if offset != run_end or run_end - run_at >= _JOIN_BYTES:
                self._write_now(run_at, b"".join(run))
                run = []
                run_at = run_end = offset
            run.append(data)
            run_end += len(data)
        self._write_now(run_at, b"".join(run))
        self._pending.clear()
        self._pending_bytes = 0

    def _write_now(self, offset: int, data: bytes) -> None:
        if not data:
            return
        try:
            if self._fd is not None:
                view = memoryview(data)
                while view:
                    done = os.pwrite(self._fd, view, offset)
                    offset += done
                    view = view[done:]
            else:
                self._file.seek(offset)
                self._file.write(data)
        except (OSError, ValueError) as error:
            raise PstDiskError(
                f"cannot write to the file: {error}", offset=offset, hint="Free some space on the disk, then try again."
            ) from error

    def forget(self, offset: int) -> None:
        """Drop the write that is held back for ``offset``: what it was for has been freed."""
        data = self._pending.pop(offset, None)
        if data is not None:
            self._pending_bytes -= len(data)

    def discard(self) -> None:
        """Forget what is held back."""
        self._pending.clear()
        self._pending_bytes = 0

    def truncate(self, size: int) -> None:
        """Make the file ``size`` bytes long; new bytes are zero."""
        try:
            self._file.flush()
            self._file.truncate(size)
            if self.size() < size:  # objects other than files need not grow by that
                self._file.seek(size - 1)
                self._file.write(b"\0")
        except (OSError, ValueError) as error:
            raise PstDiskError(
                f"cannot make the file {size} bytes long: {error}", hint="Free some space on the disk, then try again."
            ) from error

    def sync(self) -> None:
        """Write out what is held back and wait until the disk has it."""
        self.flush()
        try:
            if self._sync is not None:
                self._sync()
            elif self._fd is not None:
                os.fsync(self._fd)
            else:
                self._file.flush()
        except (OSError, ValueError) as error:
            raise PstDiskError(f"cannot bring the file to the disk: {error}") from error


def _descriptor(file: BinaryIO) -> int | None:
    """Return the file's descriptor where positioned reads and writes on it are safe, else None."""
    if not hasattr(os, "pread") or not isinstance(file, io.FileIO | io.BufferedReader | io.BufferedRandom):
        return None
    try:
        return file.fileno()
    except (OSError, ValueError):
        return None
