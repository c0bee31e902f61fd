"""What strangers leave in a folder: one of each kind, and random changes of what is there."""

from __future__ import annotations

import copy
import os
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

VALUES = (
    None, True, -1, 0, 2**31, 10**20, 10**400, -0.5, 1e300, float("nan"), float("inf"), "", "text", "7", "1e309",
    "\ud800", "\0", "é\x1b[31m", "9" * 5000, "2026-13-45", [], {}, [[]], {"a": {"b": 1}}, [1, "2", None],
)  # fmt: skip
CELLS = (
    "", "text", "-1", "0", "1", "1e309", "nan", "inf", "-inf", "1e300", "5e-324", "9" * 30, "9" * 5000, "1.5", "²",
    "true", '"', "a,b", "\0", "a\nb", "é", "<b>",
)  # fmt: skip
CONTENTS: dict[str, bytes] = {
    "empty": b"",
    "deep": b"[" * 100_000,
    "deep-objects": b'{"schema":' * 100_000,
    "utf-16": '{"schema": {"name": "ndcore.run-record"}}'.encode("utf-16"),
    "bom": b"\xef\xbb\xbf{}",
    "nul": b'{"a": "\0"}',
    "surrogate": b'{"schema": {"name": "ndcore.run-record", "version": "\\ud800"}}',
    "overlong": b'{"schema": {"name": "ndcore.run-record", "version": ' + b"9" * 5000 + b"}}",
    "twice": b'{"schema": 1, "schema": 2}',
}


def one_of_each(folder: Path, head: str, ending: str) -> list[str]:
    """Put one of every kind of strange file into a folder, and return how their names are shown."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{head}dangling{ending}").symlink_to("nowhere")
    (folder / f"{head}loop{ending}").symlink_to(f"{head}loop{ending}")
    (folder / f"{head}folder{ending}").mkdir()
    (folder / f"{head}device{ending}").symlink_to("/dev/zero")
    os.mkfifo(folder / f"{head}pipe{ending}")
    (folder / f"{head}escape\x1b[31m{ending}").write_text("{}")
    with open(os.fsencode(folder) + b"/" + head.encode() + b"\xff" + ending.encode(), "wb") as file:
        file.write(b"{}")
    with (folder / f"{head}huge{ending}").open("wb") as file:
        file.truncate(3 * 2**30)  # takes no room
    for name, content in CONTENTS.items():
        (folder / f"{head}{name}{ending}").write_bytes(content)
    kinds = ["dangling", "loop", "folder", "device", "pipe", "escape\\x1b[31m", "\\xff", "huge", *CONTENTS]
    return [f"{head}{kind}{ending}" for kind in kinds]


def changed_bytes(content: bytes, chance: random.Random) -> bytes:
    """Cut off, with some bytes turned over, or with a part repeated."""
    place = chance.randrange(len(content))
    match chance.randrange(3):
        case 0:
            return content[:place]
        case 1:
            found = bytearray(content)
            for _ in range(chance.randint(1, 5)):
                found[chance.randrange(len(found))] ^= 1 << chance.randrange(8)
            return bytes(found)
    return content[:place] + content[place // 2 :]


def changed_document(document: Any, chance: random.Random) -> Any:
    """A copy in which one or two values are other ones, are gone, or lie deeper."""
    found = copy.deepcopy(document)
    for _ in range(chance.randint(1, 2)):
        places = list(_places(found))
        if not places:
            break
        holder, key = chance.choice(places)
        match chance.randrange(4):
            case 0:
                del holder[key]
            case 1:
                holder[key] = [holder[key]]
            case _:
                holder[key] = chance.choice(VALUES)
    return found


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    keys = list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in keys:
        yield value, key
        yield from _places(value[key])


def changed_table(content: bytes, chance: random.Random) -> bytes:
    """With another text in one or two cells, or without a row."""
    rows = [line.split(",") for line in content.decode().splitlines()]
    for _ in range(chance.randint(1, 2)):
        row = rows[chance.randrange(len(rows))]
        row[chance.randrange(len(row))] = chance.choice(CELLS)
    if chance.random() < 0.1:
        del rows[chance.randrange(len(rows))]
    return "\n".join(map(",".join, rows)).encode() + b"\n"


def changes(
    content: bytes, chance: random.Random, parse: Callable[[bytes], Any] | None, dump: Callable[[Any], bytes] | None
) -> Iterator[bytes]:
    """Changed contents of a file, without end: in its bytes, and in its values.

    Args:
        parse: None for a table, whose cells are changed as text.
        dump: writes a changed document.
    """
    document = parse(content) if parse else None
    while True:
        yield changed_bytes(content, chance)
        for _ in range(3):
            yield dump(changed_document(document, chance)) if parse else changed_table(content, chance)
