"""`ndcore bench`: measure training steps of networks, side by side in every variant."""

from __future__ import annotations

import argparse
import sys

from ndcore.bench.rows import VARIANTS
from ndcore.errors import UserError, unknown_name
from ndcore.experiment.folders import given_path, runs_folder
from ndcore.models import names
from ndcore.numbers import MILLION, decimal, require_within, whole
from ndcore.study import NETWORKS

ARCHS = tuple(name for network in NETWORKS for name in network.ours)
"""The ten networks of the study, of which one has two forms."""
INTERRUPTED = "what is measured stays in the files; name the other networks with --arch to go on"
LIMITS = {"batch_size": (2, MILLION), "steps": (1, MILLION), "threads": (1, 4096)}
"""Least and most. A batch of one image has no batch statistics."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = (
        "Takes minutes per network. Writes CSV files whose names state the conditions; networks that are done stay in "
        "them when it is interrupted, and a later call replaces the networks that it measures. Columns: "
        "ndcore/bench/rows.py. Let nothing else run meanwhile."
    )
    add = parser.add_argument
    add("--arch", nargs="+", default=ARCHS, metavar="NAME", help="networks (default: the ten of the study, resnet18d)")
    add("--variant", nargs="+", default=VARIANTS, metavar="NAME", help=f"{', '.join(VARIANTS)} (default: all)")
    add("--batch-size", type=whole, default=128, metavar="N", help="images per step (default: 128)")
    add("--steps", type=whole, default=10, metavar="N", help="enough samples of a variant (default: 10)")
    add("--seconds", type=decimal, default=5.0, metavar="S", help="or enough seconds of them; at least 3 (default: 5)")
    add("--threads", type=whole, metavar="N", help="threads of PyTorch on the CPU (default: its own choice)")
    add("--device", default="auto", metavar="NAME", help="auto, cpu, cuda or mps (default: auto)")
    add("--layers", action="store_true", help="also time the phases of every deconvolution layer, into a second file")
    add(
        "--out", type=given_path, metavar="FOLDER", help="where the files go (default: bench/ in $NDCORE_RUNS or runs/)"
    )


def execute(arguments: argparse.Namespace) -> int:
    _check(arguments)
    import torch  # noqa: PLC0415 - only once the arguments are right

    from ndcore.bench.benchmark import Plan, run  # noqa: PLC0415
    from ndcore.bench.summary import summary  # noqa: PLC0415
    from ndcore.training.device import prepare_device  # noqa: PLC0415

    device = prepare_device(arguments.device)
    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    plan = Plan(
        archs=list(dict.fromkeys(arguments.arch)),
        variants=[name for name in VARIANTS if name in arguments.variant],
        batch_size=arguments.batch_size,
        samples=arguments.steps,
        seconds=arguments.seconds,
        layers=arguments.layers,
    )
    folder = runs_folder() / "bench" if arguments.out is None else arguments.out
    outcome = run(plan, device, folder)
    sys.stdout.write(f"{summary(outcome.steps, outcome.layers)}\n\nsteps: {outcome.steps_path}\n")
    if outcome.layers_path:
        sys.stdout.write(f"layers: {outcome.layers_path}\n")
    return 0


def _check(arguments: argparse.Namespace) -> None:
    for arch in arguments.arch:
        if arch not in names():
            raise UserError(unknown_name("architecture", arch, names()))
    for variant in arguments.variant:
        if variant not in VARIANTS:
            raise UserError(unknown_name("variant", variant, VARIANTS))
    for option, limits in LIMITS.items():
        require_within(f"--{option.replace('_', '-')}", getattr(arguments, option), *limits)
    if not 0 < arguments.seconds <= MILLION:
        raise UserError(f"--seconds {arguments.seconds}: a number above 0 is needed, of at most {MILLION:,}")
