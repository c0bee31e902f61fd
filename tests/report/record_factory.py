"""Run records made by hand: realistic in form, invented in content. Never put them into `runs/`."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from ndcore.experiment.ablation import Budget, plan
from ndcore.experiment.config import RunConfig
from ndcore.experiment.records import Code, Data, Environment, Failure, Model, RunRecord, choose, pack_correct
from ndcore.training.conditions import Session
from ndcore.training.epochs import Accuracy, Epoch, Seconds
from ndreport.evidence.fault_reports import FaultReport, Kill

TEST_IMAGES = 1000
KILL = Kill(
    aimed_at="training", found_in="training", killed_after=4.0, checkpoint=(1, 2), resumed_at=(1, 2), torn_files=0,
    exit_code=0, finished_after=6.5, records=1, record_kept=True, bit_equal=True, left_over=0,
)  # fmt: skip
"""A run that was killed and lost nothing."""


def make_config(**changes) -> RunConfig:
    return RunConfig.parse({"arch": "resnet18d", "norm": "bn", "dataset": "cifar10", "epochs": 1} | changes)


def make_record(top1: float = 50.0, running: float = 40.0, failed: bool = False, **config) -> RunRecord:
    """A sealed record. Test top-1 rises linearly to `top1` percent (a multiple of 0.1), training to `running`."""
    configuration = make_config(**config)
    number = configuration.epochs
    epochs = tuple(
        Epoch(
            epoch=k,
            running_train=Accuracy(loss=3.0 - 2.0 * k / number, top1=running * k / number, top5=min(100, 2 * running)),
            test=Accuracy(loss=2.5 - 1.5 * k / number, top1=round(top1 * k / number, 1), top5=min(100, 1.5 * top1)),
            seconds=Seconds(data=0.5, train=150.0, evaluate=12.0),
            images_per_second=332.2,
        )
        for k in range(1, number + 1)
    )
    right = round(epochs[-1].test.top1 * TEST_IMAGES / 100)
    correct = np.random.default_rng(configuration.seed).permutation(TEST_IMAGES) < right
    final, best = choose(epochs)
    return RunRecord(
        run_id=configuration.run_id,
        status="failed" if failed else "complete",
        config=configuration,
        finished_utc="2025-01-02T03:04:05Z",
        epochs=() if failed else epochs,
        final_epoch=None if failed else final,
        best_epoch=None if failed else best,
        test_correct=None if failed else pack_correct(correct),
        model=None if failed else Model(parameters=11181642, buffer_elements=9620, weights_sha256="ab" * 32),
        data=Data(
            dataset=configuration.dataset,
            source="image folder",
            num_classes=10,
            train_images=configuration.train_images or 50000,
            test_images=TEST_IMAGES,
            fingerprint={"train": "12" * 32, "test": "34" * 32},
        ),
        peak_memory_bytes=1_234_567_890,
        peak_memory_of="process (resident)",
        sessions=(Session(epoch=1, step=0, started_utc="2025-01-02T03:00:00Z"),),
        environment=Environment(
            device="cpu",
            device_name="cpu",
            cpu="Example CPU @ 2.50GHz",
            cores=2,
            threads=2,
            platform="Linux-6.1-x86_64",
            python="3.11.7",
            packages={"numpy": "2.4.6", "torch": "2.14.1"},
            precision="fp32",
            deterministic={"deterministic_algorithms": True, "cudnn_benchmark": False},
        ),
        code=Code(
            git_commit="0123456789abcdef0123456789abcdef01234567",
            git_dirty=False,
            source_sha256="cd" * 32,
            notebook="notebooks/cifar.ipynb",
            notebook_sha256="ef" * 32,
            command=configuration.command(),
        ),
        failure=Failure(kind="NonFiniteLoss", message="loss is nan", traceback="…", epoch=1, step=17)
        if failed
        else None,
    ).sealed()


def make_faults(*kills: Kill) -> FaultReport:
    """The report of a kill experiment."""
    record = make_record(dataset="digits")
    return FaultReport(
        finished_utc="2026-01-02T03:04:05+00:00", config=record.config, checkpoint_seconds=0.0, seed=1,
        undisturbed_seconds=5.0, undisturbed_weights_sha256="ab" * 32, kills=kills,
        environment=record.environment, code=record.code,
    )  # fmt: skip


def write_ablation(folder, budget: Budget | None = None, without: Collection[RunConfig] = ()) -> list[RunRecord]:
    """Records of an ablation: BN at 37 to 39 %, ND at 45 to 47 %, `n_iter=3` failed, everything in 150 s."""
    folder.mkdir(parents=True, exist_ok=True)
    records = [
        make_record((37.0 if c.norm == "bn" else 45.0) + c.seed, 30.0, failed=c.n_iter == 3, **c.options())
        for c in plan(budget or Budget())
        if c not in without
    ]
    for record in records:
        record.write(folder)
    return records


def write_examples(folder) -> list[RunRecord]:
    """A small, varied set of records in `folder`, with a damaged, a foreign and a newer file among them."""
    folder.mkdir(parents=True, exist_ok=True)
    records = [
        make_record(46.6, 38.2, norm="bn"),
        make_record(58.7, 52.1, norm="nd"),
        make_record(9.2, 5.1, norm="bn", dataset="cifar100"),
        make_record(18.9, 15.4, norm="nd", dataset="cifar100"),
        make_record(90.4, 94.9, arch="vgg16", norm="nd", epochs=20),
        make_record(90.1, 94.5, arch="vgg16", norm="nd", epochs=20, seed=1),
        make_record(97.0, 99.0, arch="vgg16", norm="bn", dataset="digits", epochs=3),
        make_record(failed=True, arch="vgg16", norm="bn"),
        make_record(failed=True, arch="vgg16", norm="bn"),
    ]
    for record in records:
        record.write(folder)
    (folder / "damaged.json").write_text('{"schema": ')
    (folder / "foreign.json").write_text('{"hello": "world"}')
    newer = records[0].to_json().replace('"version": 1', '"version": 2')
    (folder / "newer.json").write_text(newer)
    return records
