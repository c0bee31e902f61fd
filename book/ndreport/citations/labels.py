"""Label files: what one person, or a rule, says about each context. They name contexts and hold no texts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from ndcore import foreign
from ndcore.errors import UserError
from ndreport.citations.contexts import DIGEST, Key, write_csv
from ndreport.evidence.citation_counts import LABELS
from ndreport.evidence.csv_files import read_cells

COLUMNS = ("paper_id", "context", "label")
NAME = re.compile(r"[a-z0-9][a-z0-9-]*")
Labels = Mapping[Key, str]


def label_path(folder: Path, name: str = "") -> Path:
    """The label file of a person: `labels-NAME.csv`, without a name `labels.csv`.

    Raises:
        UserError: a name that is not made of small letters, digits and hyphens.
    """
    if name and not NAME.fullmatch(name):
        raise UserError(f"name {name!r}: small letters, digits and hyphens make a file name")
    return folder / (f"labels-{name}.csv" if name else "labels.csv")


def label_files(folder: Path) -> list[Path]:
    """All label files of a folder, in the order of their names."""
    return [path for path in foreign.files(folder, ".csv")[0] if path.name.startswith("labels")]


def read_labels(path: Path) -> dict[Key, str]:
    """The labels of a file.

    Raises:
        UserError: the file is missing, has other columns, an unknown label, a context that is not named by paper and
            digest, or one that is labelled twice.
    """
    labels: dict[Key, str] = {}
    for line, row in enumerate(read_cells(path, COLUMNS).itertuples(index=False), start=2):
        if not row.paper_id or not DIGEST.fullmatch(row.context):
            raise UserError(f"{path} line {line}: no context is named by {row.paper_id!r} and {row.context!r}")
        if row.label not in LABELS:
            raise UserError(f"{path} line {line}: label {row.label!r} is not one of {', '.join(LABELS)}")
        if (row.paper_id, row.context) in labels:
            raise UserError(f"{path} line {line}: this context is labelled twice")
        labels[str(row.paper_id), str(row.context)] = str(row.label)
    return labels


def write_labels(path: Path, labels: Labels) -> None:
    """Write a label file, whole or not at all.

    Raises:
        UserError: the file cannot be written.
    """
    write_csv(path, COLUMNS, [(*key, labels[key]) for key in sorted(labels)])
