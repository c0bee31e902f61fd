"""Which network of `ndcore.models` the reproduction ran under a label of its tables, setting by setting."""

from __future__ import annotations

from dataclasses import dataclass

from ndcore.study import StudyNetwork
from ndreport.evidence.published import Published

FLAGS = {"resnet": "resnet18"}
"""What the reproduction's command line calls a network, where that is not its name here."""


@dataclass(frozen=True)
class Ran:
    """A network, and how that is known."""

    arch: str
    """Name in `ndcore.models`."""
    why: str
    """What says so; "" where the label leaves no choice."""


def ran(published: Published, network: StudyNetwork, dataset: str, epochs: int) -> Ran:
    """The network behind the reproduction's values of one label, data set and number of epochs.

    A log that names it proves it. Where no log is public, it is the one that the repository lists.
    """
    if len(network.ours) == 1:
        return Ran(network.ours[0], "")
    logs = published.recovered
    logs = logs[(logs["arch"] == network.arch) & (logs["dataset"] == dataset) & (logs["epochs"] == epochs)]
    for flag in logs["flag"]:
        return Ran(FLAGS.get(flag, flag), f"proven: the logs of these runs name {flag}")
    files = published.repository
    listed = set(files.loc[files["item"] == "runs_as_released", "name"]) & set(network.ours)
    arch = next(iter(listed), network.ours[0])
    return Ran(arch, f"suggested: the repository lists {arch}; no log of these runs is public")
