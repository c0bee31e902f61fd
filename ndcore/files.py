"""Files that appear whole or not at all, also when the process is killed or the disk is full."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO


def sync_folder(folder: Path) -> None:
    """Flush the entries of a folder to disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def _complete_temporary(target: Path, write: Callable[[BinaryIO], object]) -> Iterator[str]:
    """A finished, flushed temporary file beside `target`; removed afterwards if it still stands under its own name."""
    descriptor, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.", suffix=".tmp")
    try:
        with os.fdopen(descriptor, "wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o644)
        yield temporary
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)
    sync_folder(target.parent)


def replace(target: Path, write: Callable[[BinaryIO], object]) -> Path:
    """Create or replace `target` atomically with what `write` writes."""
    with _complete_temporary(target, write) as temporary:
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
        except FileExistsError:
            raise
        except OSError:  # a file system without hard links: exclusive creation keeps "never overwritten"
            with open(target, "xb") as file:
                file.write(text.encode())
                file.flush()
                os.fsync(file.fileno())
    return target
