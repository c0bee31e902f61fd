"""A runs folder at a glance: networks × settings with what is done, running and failed, in a terminal."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from ndcore.grid.cells import TABLES
from ndcore.grid.state import FAILED, Folder, State, Status, count, totals
from ndcore.problems import printable
from ndcore.study import ATTEMPTS, DATASETS, EPOCHS, NETWORKS, NORM_LABELS, NORMS

RUN_ID = re.compile(
    r"(?P<dataset>\w+)-(?P<arch>\w+)-(?P<norm>\w+)-e(?P<epochs>\d+)-s(?P<seed>\d+)-r(?P<repeat>\d+)-[0-9a-f]{8}"
)
GLYPHS = {State.DONE: "✓", State.RUNNING: "▶", State.FAILED: "✗", State.BLOCKED: "!", State.MISSING: "‖"}
LEGEND = "✓ done   ▶ running   ✗ failed   ‖ interrupted   ! file that is no valid record   · nothing"
WORDS = {State.MISSING: "interrupted", State.BLOCKED: "in the way of a record"}
"""What a state is called where only what has left something is looked at."""
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
    def read(cls, runs: Path) -> Overview:
        """Read the folder; nothing in it is changed.

        Raises:
            UserError: it cannot be read.
        """
        folder = Folder.read(runs)
        records = (name for name in folder.names if name.endswith(".json") and not name.startswith("."))
        stems = {name.removesuffix(".json") for name in records if not FAILED.fullmatch(name)}
        ids = sorted(name for name in stems | folder.failures.keys() | folder.at_work if RUN_ID.fullmatch(name))
        strangers = sorted(stem for stem in stems if not RUN_ID.fullmatch(stem))
        return cls(runs, {run_id: folder.status(run_id) for run_id in ids}, list(map(printable, strangers)))

    @cached_property
    def _settings(self) -> dict[tuple[str, str, int, str], list[Status]]:
        """The runs by data set, network, epochs and norm, whatever their other options."""
        found = defaultdict(list)
        for run_id, status in self.found.items():
            dataset, arch, norm, epochs = RUN_ID.fullmatch(run_id).group("dataset", "arch", "norm", "epochs")
            found[dataset, arch, int(epochs), norm].append(status)
        return found

    def datasets(self) -> list[str]:
        """Those of the study, and those of which there are runs."""
        study = [name for name in dict.fromkeys(TABLES.values()) if name in DATASETS]
        return [*study, *sorted({dataset for dataset, *_ in self._settings} - set(study))]

    def to_text(self) -> Iterator[str]:
        """Lines for a terminal of 80 columns."""
        yield f"{self.runs}: {totals(self.found.values(), (State.DONE, State.RUNNING, State.FAILED), WORDS)}"
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
            keys = [[(dataset, arch, epochs, norm) for arch in archs] for epochs, norm in columns]
            cells = (_cell([status for key in those for status in self._settings.get(key, ())]) for those in keys)
            yield f"{label:{width}}" + "".join(f"{cell:>11}" for cell in cells)

    def _rows(self, dataset: str) -> list[tuple[str, tuple[str, ...]]]:
        study = [(network.label, network.ours) for network in NETWORKS] if dataset in TABLES.values() else []
        mine = {arch for other, arch, *_ in self._settings if other == dataset}
        others = mine - {arch for _, archs in study for arch in archs}
        return [*study, *((arch, (arch,)) for arch in sorted(others))]

    def _columns(self, dataset: str) -> list[tuple[int, str]]:
        study = {(e, n) for e in EPOCHS for n in NORMS} if dataset in TABLES.values() else set()
        return sorted(study | {(epochs, norm) for other, _, epochs, norm in self._settings if other == dataset})

    def _details(self) -> Iterator[str]:
        for state in (State.RUNNING, State.FAILED, State.BLOCKED, State.MISSING):
            lines = [(run_id, status.detail) for run_id, status in self.found.items() if status.state == state]
            if lines:
                yield ""
                yield f"{WORDS.get(state, state)}:"
            for run_id, detail in lines:
                yield f"  {GLYPHS[state]} {run_id}{detail and f': {detail}'}"
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
    parts = [f"{number}{GLYPHS[state]}" for state, number in count(statuses).items() if number]
    return " ".join(parts) or "·"
