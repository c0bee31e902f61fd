"""BN and ND of every network of Tables 4 and 5 in one row: as published, in the reproduction's logs, and our own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from ndcore.study import ATTEMPTS, NETWORKS, NORMS
from ndreport.evidence.decimals import suggested_tests
from ndreport.evidence.expected import Expectations
from ndreport.evidence.gains import own_pairs
from ndreport.evidence.runs import Difference
from ndreport.evidence.series import paired_values
from ndreport.evidence.splits import measured_on
from ndreport.evidence.which_network import Ran, ran
from ndreport.material import Material
from ndreport.pages.tables_4_and_5.rows import accuracy_rows


@dataclass(frozen=True)
class Pair:
    """One network of `ndcore.models` under one label of the tables, for one number of epochs."""

    label: str
    arch: str
    several: bool
    """Whether the label goes with several networks."""
    printed: Mapping[str, Any]
    """By norm: the row of `accuracy_rows` with the values that were published under the label."""
    own: Mapping[str, Any]
    """By norm: the row of `accuracy_rows` with our own runs of this network."""
    tests: Mapping[str, float]
    """By norm: mean test accuracy in the reproduction's logs, percent; empty without logs."""
    ran: Ran
    """The network that the reproduction ran under the label."""
    originals: str
    """The network that the original's value belongs to."""
    own_pairs: tuple[Difference, ...]
    """Our own runs that differ in their norm only."""
    suggested: bool
    """Whether the reproduction's values are very probably test accuracies, though none is proven to be one."""
    expected: Expectations

    @property
    def name(self) -> str:
        """ "VGG-16", "ResNet-18 (resnet18d)"."""
        return f"{self.label} ({self.arch})" if self.several else self.label

    def splits(self) -> list[str]:
        """What the attempts behind the printed averages were measured on, "" where it is not proven."""
        rows = self.printed.values()
        return [getattr(row, f"attempt_{k}_split") for row in rows for k in ATTEMPTS if pd.notna(row.attempt_1)]


def pairs(material: Material, dataset: str, epochs: int) -> list[Pair]:
    """The networks in the order of the tables.

    Args:
        material: everything in `runs/`.
        dataset: "cifar10" or "cifar100".
        epochs: 1, 20 or 100.
    """
    frame = accuracy_rows(material.accuracies, material.records, dataset)
    rows = {(row.ours, row.norm): row for row in frame[frame["epochs"] == epochs].itertuples()}
    logs = paired_values(material.published, []).query("who == 'logs' and dataset == @dataset and epochs == @epochs")
    tests = logs.set_index("arch")[list(NORMS)].to_dict("index")
    ours = own_pairs(material.records, dataset, epochs)
    suggested = (dataset, epochs) in suggested_tests(measured_on(material.published))
    found = []
    for network in NETWORKS:
        which = ran(material.published, network, dataset, epochs)
        found += [
            Pair(
                label=network.label,
                arch=arch,
                several=len(network.ours) > 1,
                printed={norm: rows[network.ours[0], norm] for norm in NORMS},
                own={norm: rows[arch, norm] for norm in NORMS},
                tests=tests.get(network.arch, {}),
                ran=which,
                originals=network.ours[0],
                own_pairs=tuple(pair for pair in ours if pair.nd.config.arch == arch),
                suggested=suggested,
                expected=material.expected,
            )
            for arch in network.ours
        ]
    return found
