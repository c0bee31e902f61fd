"""What the server answered, kept page by page: one folder per fetch, one JSON file per page."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from ndcore import foreign
from ndcore.errors import UserError
from ndcore.files import replace
from ndreport.citations.contradictions import contradictions

NAME = "%Y%m%dT%H%M%SZ"
RESUMABLE = timedelta(days=1)
"""An older fetch that is not sound starts anew: the list may have moved on, and pages of different days do not fit."""
Body = dict[str, Any]


def check_body(body: object, offset: int) -> Body:
    """A page of citations in the shape of the Graph API: `data` is a list, `next` a later offset or not there.

    `offset`, where it is there, is the one that was asked for.

    Raises:
        ValueError: it is not; says in what.
    """
    if not isinstance(body, dict) or not isinstance(body.get("data"), list):
        raise ValueError("it holds no list of citations")
    if body.get("offset", offset) != offset:
        raise ValueError(f"it is said to start at {body['offset']!r}, not at {offset}")
    following = body.get("next")
    if following is not None and (type(following) is not int or following <= offset):
        raise ValueError(f"its next page is said to start at {following!r}")
    return body


@dataclass(frozen=True)
class Snapshot:
    """One fetch, finished or not."""

    folder: Path
    """Its name is the moment at which the fetch began."""

    @property
    def started(self) -> datetime:
        return datetime.strptime(self.folder.name, NAME).replace(tzinfo=UTC)

    def read(self, offset: int) -> Body | None:
        """The page that starts at `offset`; None if it is not there or damaged, so that it is asked for again."""
        try:
            return check_body(foreign.read_json(self._path(offset)), offset)
        except ValueError:
            return None

    def write(self, offset: int, body: Body) -> None:
        """Keep a page, whole or not at all.

        Raises:
            UserError: the folder cannot be written.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            replace(self._path(offset), lambda file: file.write(json.dumps(body, ensure_ascii=False).encode()))
        except OSError as error:
            raise UserError(f"cannot write {self._path(offset)}: {error.strerror}") from None

    def pages(self) -> Iterator[tuple[int, Body]]:
        """The pages from the first on, each with its offset, up to the first that is not there."""
        offset: int | None = 0
        while offset is not None and (body := self.read(offset)) is not None:
            yield offset, body
            offset = body.get("next")

    @property
    def missing(self) -> int | None:
        """The offset of the first page that is not there yet; None: the fetch is complete."""
        offset: int | None = 0
        for _, body in self.pages():
            offset = body.get("next")
        return offset

    @property
    def contradictions(self) -> dict[int, list[str]]:
        """What the service says against itself, by the offset of the page that says it; see `contradictions`."""
        return contradictions(self.pages())

    @property
    def sound(self) -> bool:
        """Whether every page is there and none contradicts another or itself."""
        return self.missing is None and not self.contradictions

    def _path(self, offset: int) -> Path:
        return self.folder / f"offset-{offset:05d}.json"


def snapshots(cache: Path) -> list[Snapshot]:
    """All fetches, the oldest first."""
    found = []
    for folder in sorted(cache.glob("*T*Z")):
        try:
            datetime.strptime(folder.name, NAME)
        except ValueError:
            continue
        found.append(Snapshot(folder))
    return found


def latest_complete(cache: Path) -> Snapshot | None:
    """The newest sound fetch; if there is none, the newest of which every page is there."""
    complete = [snapshot for snapshot in snapshots(cache) if snapshot.missing is None]
    sound = [snapshot for snapshot in complete if not snapshot.contradictions]
    return (sound or complete or [None])[-1]


def to_continue(cache: Path, now: datetime) -> Snapshot:
    """The newest fetch if it is not sound and young enough to go on with, else a new one, without a page yet."""
    known = snapshots(cache)
    if known and not known[-1].sound and now - known[-1].started < RESUMABLE:
        return known[-1]
    return Snapshot(cache / now.strftime(NAME))
