"""The evidence matrix: complete, and right about every value."""

from __future__ import annotations

from dataclasses import replace

from record_factory import make_record

from ndreport.evidence.matrix import cells, evidence, logged
from ndreport.evidence.published import Published


def test_there_are_374_values_each_once():
    frame = cells()
    assert frame.groupby("dataset").size().to_dict() == {"cifar10": 180, "cifar100": 180, "imagenet": 14}
    assert not frame.drop(columns="label").duplicated().any()


def test_every_value_has_an_original_and_a_reproduced_value_with_their_sources(published):
    frame = evidence(published, [])
    assert len(frame) == 374
    assert frame[["original", "reproduced"]].notna().all(axis=None)
    assert (frame[["original_source", "reproduced_source"]] != "").all(axis=None)


def test_splits_and_logs_are_those_of_the_files(published):
    frame = evidence(published, [])
    assert frame["split"].value_counts().to_dict() == {"train": 200, "not proven": 114, "test": 60}
    assert ((frame["split"] == "not proven") == (frame["split_evidence"] == "")).all()
    assert logged(frame).sum() == 120
    assert set(frame.loc[logged(frame), "epochs"]) == {20}
    assert (frame["correction"] != "").sum() == 5


def test_our_runs_stand_beside_every_attempt_of_their_setting(published):
    records = [make_record(), make_record(seed=1), make_record(repeat=1), make_record(arch="resnet18")]
    records += [make_record(lr=0.5), make_record(failed=True, norm="nd"), make_record(dataset="digits")]
    frame = evidence(published, records)
    run = frame[frame["own_runs"] > 0]
    assert run[["dataset", "arch", "norm", "epochs"]].drop_duplicates().to_numpy().tolist() == [
        ["cifar10", "resnet18", "bn", 1]
    ]
    assert run["own_runs"].tolist() == [4, 4, 4]
    assert run["own_seeds"].tolist() == [2, 2, 2]
    assert {name: len(runs) for name, runs in run["own"].iloc[0].items()} == {"resnet18": 1, "resnet18d": 3}


def test_without_files_every_value_keeps_its_place(published):
    empty = evidence(Published(), [])
    assert len(empty) == 374
    assert empty["reproduced"].isna().all()
    assert set(empty["split"]) == {"not proven"}
    without_logs = evidence(replace(published, recovered=Published().recovered), [])
    assert without_logs["reproduced"].notna().all()
    assert not logged(without_logs).any()
