"""Writing that survives a kill: whole files or none, one writer per folder, disk errors in words."""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .plan import DatasetError

__all__ = ["LOCK", "explain", "explained", "leftovers", "only_writer", "write_whole"]

PARTIAL = ".partial-"
LOCK = ".generating"


def write_whole(path: Path, content: bytes | memoryview) -> str:
    """Write a file under a temporary name, read it back, and only then give it its name.

    A kill at any moment leaves either no file of that name or the whole one. Returns the SHA-256 of the
    content. Raises `OSError` where the disk refuses, and where it gives back other bytes than it was given.
    """
    temporary = path.with_name(f"{path.name}{PARTIAL}{os.getpid()}")
    digest = hashlib.sha256(content).hexdigest()
    try:
        with temporary.open("w+b") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
            file.seek(0)
            if hashlib.file_digest(file, "sha256").hexdigest() != digest:
                raise OSError(errno.EIO, "the disk gives back other bytes than were written", str(path))
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)
    return digest


def _sync_folder(folder: Path) -> None:
    """Make the new name itself survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def leftovers(folder: Path) -> list[Path]:
    """Files that an interrupted generation left half-written."""
    return sorted([*folder.glob(f"*{PARTIAL}*"), *folder.glob(f"data/*/*{PARTIAL}*")])


@contextmanager
def only_writer(folder: Path) -> Iterator[None]:
    """Hold the folder's lock; `DatasetError` where another process holds it.

    The lock is the kernel's: it ends with the process that holds it, however that dies.
    """
    try:
        import fcntl  # not at the top: reading sets works where this module does not exist
    except ImportError as error:
        raise DatasetError("generating needs a POSIX system (file locks); use Linux, macOS or WSL") from error
    path = folder / LOCK
    while True:
        with explained(path):
            file = path.open("a+")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            file.seek(0)
            holder = file.read().strip() or "unknown"
            file.close()
            raise DatasetError(
                f"another generation (process {holder}) is writing to {folder}; "
                "wait until it is done, or stop it"
            ) from error
        # the holder before us may have removed the file between our opening and locking it
        if path.exists() and os.fstat(file.fileno()).st_ino == path.stat().st_ino:
            break
        file.close()
    try:
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield
    finally:
        path.unlink(missing_ok=True)
        file.close()


@contextmanager
def explained(path: Path, *, size: int | None = None) -> Iterator[None]:
    """Turn an `OSError` inside into a `DatasetError` that says what to do about `path`."""
    try:
        yield
    except OSError as error:
        raise explain(error, path, size=size) from error


def explain(error: OSError, path: Path, *, size: int | None = None) -> DatasetError:
    """The words for an `OSError` met while writing `path`, of `size` bytes."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        need = f" ({size / 1e6:.1f} MB)" if size is not None else ""
        return DatasetError(
            f"the disk is full: {path}{need} could not be written; free some space and run the same command "
            "again, it keeps every file that is finished"
        )
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return DatasetError(
            f"{path} cannot be written: {error.strerror}; choose a folder in which you may write"
        )
    if error.errno in (errno.ENOTDIR, errno.EEXIST):
        return DatasetError(f"{path} lies below a file, not a folder; choose another folder")
    return DatasetError(f"{path} cannot be written: {error.strerror or error}; mend that and run again")
