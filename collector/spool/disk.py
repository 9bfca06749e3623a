"""Files and folders as a spool needs them: private, synced, and still where they were."""

from __future__ import annotations

import errno
import fcntl
import os
import stat
import sys
from pathlib import Path

OTHERS = 0o077  # the rights of the group and of all others

BLOCK_BYTES = 4_096


def open_private(path: Path, flags: int) -> int:
    """Open a file that the folder's owner alone may use; the rights of others are taken.

    A link is not followed: it may lead to a file of somebody else. Raises OSError where it
    cannot be opened, or the rights of others cannot be taken.
    """
    descriptor = os.open(path, flags | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        if os.fstat(descriptor).st_mode & OTHERS:
            os.fchmod(descriptor, 0o600)
        if os.geteuid() == 0:  # else what root replays could not be opened by the collector's user
            owner = path.parent.stat()
            os.fchown(descriptor, owner.st_uid, owner.st_gid)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def sync(descriptor: int) -> None:
    """Return when what was written is on disk. Raises OSError."""
    if sys.platform == "darwin":  # fsync there leaves the data in the drive's cache
        fcntl.fcntl(descriptor, fcntl.F_FULLFSYNC)
    else:
        os.fdatasync(descriptor)


def sync_folder(folder: Path) -> None:
    """Without this, a new name in a folder may be gone after a power cut.

    Raises OSError where the folder cannot be opened or synced.
    """
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_folder(folder: Path) -> None:
    """The folder of the spools, for its owner only: events hold personal data.

    One that was there before is closed to others where it is ours and holds spools alone. Raises
    OSError where it cannot be made, written or closed to others.
    """
    if not folder.is_dir():
        folder.mkdir(mode=0o700, parents=True)
        sync_folder(folder.parent)
    close_to_others(folder)
    if not os.access(folder, os.W_OK | os.X_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(folder))


def close_to_others(folder: Path) -> None:
    """Take the rights of others. Raises PermissionError where that is not ours to do."""
    state = folder.stat()
    if not state.st_mode & OTHERS:
        return
    foreign = [path.name for path in folder.iterdir() if not path.name.startswith("spool-")]
    if state.st_uid != os.geteuid() or state.st_mode & stat.S_ISVTX or foreign:
        raise PermissionError(
            errno.EPERM,
            "other users may read it, and it is not the collector's alone, to close it to them; "
            "a new folder inside it will do",
            str(folder),
        )
    folder.chmod(0o700)


def is_at(descriptor: int, path: Path) -> bool:
    """Whether an open file is still the one that has this name."""
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except OSError:
        return False


def read_part(descriptor: int, offset: int, size: int) -> bytes:
    """Bytes of a file, fewer at its end; zeros in place of blocks that the disk cannot read.

    Raises OSError where the file is of no use at all.
    """
    try:
        return os.pread(descriptor, size, offset)
    except OSError as error:
        if error.errno != errno.EIO:
            raise
    return b"".join(
        read_block(descriptor, at, min(BLOCK_BYTES, offset + size - at))
        for at in range(offset, offset + size, BLOCK_BYTES)
    )


def read_block(descriptor: int, offset: int, size: int) -> bytes:
    """A block, or zeros. Raises OSError as read_part does."""
    try:
        return os.pread(descriptor, size, offset)
    except OSError as error:
        if error.errno != errno.EIO:
            raise
    return bytes(size)


def write_all(descriptor: int, content: bytes) -> None:
    """Write at the end, however many writes that takes. Raises OSError."""
    view = memoryview(content)
    while view:
        view = view[os.write(descriptor, view) :]
