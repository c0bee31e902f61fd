"""Files that appear whole or not at all, also when the process is killed or the disk is full."""

from __future__ import annotations

import contextlib
import errno
import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from ndcore.errors import UserError

NO_HARD_LINKS = {errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS}
"""How a file system says that it has none."""


def sync_folder(folder: Path) -> None:
    """Flush the entries of a folder to disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def _complete_temporary(target: Path, write: Callable[[BinaryIO], object], durable: bool = True) -> Iterator[str]:
    """A finished, flushed temporary file beside `target`; removed afterwards if it still stands under its own name."""
    descriptor, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.", suffix=".tmp")
    try:
        with os.fdopen(descriptor, "wb") as file:
            write(file)
            file.flush()
            if durable:
                os.fsync(file.fileno())
        os.chmod(temporary, 0o644)
        yield temporary
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)
    if durable:
        sync_folder(target.parent)


def replace(target: Path, write: Callable[[BinaryIO], object], *, durable: bool = True) -> Path:
    """Create or replace `target` atomically with what `write` writes.

    Args:
        durable: wait until it is on the disk; without, a power failure may bring the earlier state back.
    """
    with _complete_temporary(target, write, durable) as temporary:
        os.replace(temporary, target)
    return target


def publish_new(target: Path, text: str) -> Path:
    """Create `target` with `text` atomically; of several writers exactly one succeeds.

    Raises:
        FileExistsError: `target` is there already; it is left as it is.
    """
    with _complete_temporary(target, lambda file: file.write(text.encode())) as temporary:
        try:
            os.link(temporary, target)
        except OSError as error:
            if error.errno not in NO_HARD_LINKS:
                raise
            _take_the_name(temporary, target)
    return target


def _take_the_name(temporary: str, target: Path) -> None:
    """Rename to a free name without hard links: the process that creates the empty file may replace it."""
    target.open("xb").close()
    try:
        os.replace(temporary, target)
    except BaseException:
        target.unlink()
        raise


def require_writable(folder: Path) -> None:
    """Make sure that files can be created in a folder; creates it if its parent is there.

    Raises:
        UserError: they cannot.
    """
    try:
        folder.mkdir(exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"\0" * 4096)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise UserError(
            f"cannot write records to {folder}: {reason(error)}; choose another folder with --runs"
        ) from None


def remove_temporaries(target: Path) -> None:
    """Remove what killed writers of `target` left beside it. No other process may be writing it."""
    for path in target.parent.glob(f".{target.name}.*.tmp"):
        with contextlib.suppress(OSError):
            path.unlink()


def reason(error: OSError) -> str:
    """Why a file could not be read or written, in a few words."""
    return "the disk is full" if error.errno == errno.ENOSPC else (error.strerror or str(error)).lower()
