"""A runs folder at a glance: networks × settings with what is done, running and failed, in a terminal."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ndcore.grid.cells import TABLES
from ndcore.grid.state import FAILED, Folder, State, Status
from ndcore.problems import printable
from ndcore.study import ATTEMPTS, DATASETS, EPOCHS, NETWORKS, NORM_LABELS, NORMS

RUN_ID = re.compile(
    r"(?P<dataset>\w+)-(?P<arch>\w+)-(?P<norm>\w+)-e(?P<epochs>\d+)-s(?P<seed>\d+)-r(?P<repeat>\d+)-[0-9a-f]{8}"
)
GLYPHS = {State.DONE: "✓", State.RUNNING: "▶", State.FAILED: "✗", State.BLOCKED: "!", State.MISSING: "‖"}
LEGEND = "✓ done   ▶ running   ✗ failed   ‖ interrupted   ! file that is no valid record   · nothing"
WANTED = len(ATTEMPTS)


@dataclass(frozen=True)
class Overview:
    """Every run of which something lies in the folder."""

    runs: Path
    found: dict[str, Status]
    """By run id."""
    strangers: list[str]
    """JSON files whose names are not those of records."""

    @classmethod
    def look(cls, runs: Path) -> Overview:
        """Read the folder; nothing in it is changed.

        Raises:
            UserError: it cannot be read.
        """
        folder = Folder.look(runs)
        ids, strangers = set(folder.failures), []
        for name in folder.names:
            if name.endswith(".json") and not name.startswith(".") and not FAILED.fullmatch(name):
                stem = name.removesuffix(".json")
                (ids.add if RUN_ID.fullmatch(stem) else strangers.append)(stem)
        ids |= {name for name in folder.at_work if RUN_ID.fullmatch(name)}
        ids = {name for name in ids if RUN_ID.fullmatch(name)}
        found = {run_id: folder.status(run_id) for run_id in sorted(ids)}
        return cls(runs, found, [printable(name) for name in sorted(strangers)])

    def of_setting(self, dataset: str, arch: str, norm: str, epochs: int) -> list[Status]:
        """All runs of a setting, whatever their other options."""
        head = f"{dataset}-{arch}-{norm}-e{epochs}-s"
        return [status for run_id, status in self.found.items() if run_id.startswith(head)]

    def datasets(self) -> list[str]:
        """Those of the study, and those of which there are runs."""
        others = {RUN_ID.fullmatch(run_id)["dataset"] for run_id in self.found}
        study = [name for name in dict.fromkeys(TABLES.values()) if name in DATASETS]
        return [*study, *sorted(others - set(study))]

    def to_text(self) -> Iterator[str]:
        """Lines for a terminal of 80 columns."""
        yield f"{self.runs}: {_totals(list(self.found.values()))}"
        for dataset in self.datasets():
            yield ""
            yield from self._table(dataset)
        yield ""
        yield LEGEND
        yield f"{WANTED} runs of every setting are wanted, with new seeds or as repeats. Other options count alike."
        yield from self._details()

    def _table(self, dataset: str) -> Iterator[str]:
        rows = self._rows(dataset)
        columns = self._columns(dataset)
        width = max(len(label) for label, _ in rows) + 1
        yield f"{DATASETS.get(dataset, dataset)}"
        yield " " * width + "".join(f"{f'{e} ep. {NORM_LABELS.get(n, n)}':>11}" for e, n in columns)
        for label, archs in rows:
            cells = [
                _cell([s for arch in archs for s in self.of_setting(dataset, arch, norm, epochs)])
                for epochs, norm in columns
            ]
            yield f"{label:{width}}" + "".join(f"{cell:>11}" for cell in cells)

    def _rows(self, dataset: str) -> list[tuple[str, tuple[str, ...]]]:
        mine = {m["arch"] for run_id in self.found if (m := RUN_ID.fullmatch(run_id))["dataset"] == dataset}
        if dataset not in TABLES.values():
            return [(arch, (arch,)) for arch in sorted(mine)]
        study = [(network.label, network.ours) for network in NETWORKS]
        others = mine - {arch for _, archs in study for arch in archs}
        return [*study, *((arch, (arch,)) for arch in sorted(others))]

    def _columns(self, dataset: str) -> list[tuple[int, str]]:
        mine = {
            (int(m["epochs"]), m["norm"])
            for run_id in self.found
            if (m := RUN_ID.fullmatch(run_id))["dataset"] == dataset
        }
        study = {(e, n) for e in EPOCHS for n in NORMS} if dataset in TABLES.values() else set()
        return sorted(mine | study)

    def _details(self) -> Iterator[str]:
        for state, title in (
            (State.RUNNING, "running"),
            (State.FAILED, "failed"),
            (State.BLOCKED, "in the way of a record"),
            (State.MISSING, "interrupted"),
        ):
            lines = [(run_id, status.detail) for run_id, status in self.found.items() if status.state == state]
            if lines:
                yield ""
                yield f"{title}:"
            for run_id, detail in lines:
                yield f"  {GLYPHS[state]} {run_id}" if not detail else f"  {GLYPHS[state]} {run_id}: {detail}"
        if self.strangers:
            yield ""
            yield f"no records: {', '.join(f'{name}.json' for name in self.strangers)}"

    def to_json(self) -> dict[str, Any]:
        """Everything, as plain values."""
        return {
            "runs": str(self.runs),
            "found": {
                run_id: {"state": str(status.state), "detail": status.detail} for run_id, status in self.found.items()
            },
            "no_records": [f"{name}.json" for name in self.strangers],
        }


def _cell(statuses: list[Status]) -> str:
    numbers = Counter(status.state for status in statuses)
    parts = [f"{numbers[state]}{GLYPHS[state]}" for state in State if numbers[state]]
    return " ".join(parts) or "·"


def _totals(statuses: list[Status]) -> str:
    numbers = Counter(status.state for status in statuses)
    words = {State.MISSING: "interrupted", State.BLOCKED: "in the way of a record"}
    return ", ".join(
        f"{numbers[state]} {words.get(state, state)}"
        for state in State
        if numbers[state] or state in (State.DONE, State.RUNNING, State.FAILED)
    )
