"""Attempts of the spreadsheet against the study's own logs."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ndreport.evidence.corrections import COLUMNS, INCOMPLETE, attempts, logged_runs
from ndreport.evidence.published import Published


def one(frame, dataset, arch, norm, epochs, attempt):
    query = "dataset == @dataset and arch == @arch and norm == @norm and epochs == @epochs and attempt == @attempt"
    return frame.query(query).squeeze()


def test_exactly_five_attempts_are_not_what_their_place_says(published):
    frame = attempts(published)
    assert len(frame) == 360
    wrong = frame[frame["correction"] != ""]
    assert set(wrong[["dataset", "arch", "norm", "epochs", "attempt"]].itertuples(index=False, name=None)) == {
        ("cifar100", "resnet18", "bn", 20, 3),
        ("cifar100", "resnet18", "nd", 20, 3),
        ("cifar100", "dpn92", "bn", 20, 3),
        ("cifar100", "efficientnet", "bn", 20, 3),
        ("cifar100", "efficientnet", "bn", 100, 3),
    }
    shifted = one(frame, "cifar100", "resnet18", "bn", 20, 3)
    assert shifted["correction"] == "logged run 3 of resnet18 ND 20 stands here"
    assert (shifted["corrected_top1"], shifted["corrected_train_seconds"]) == (67.634, 230.28)
    twice = one(frame, "cifar100", "efficientnet", "bn", 20, 3)
    assert twice["correction"].endswith("stands here a second time, its accuracy also in the place of its time")
    assert twice["correction"].startswith("logged run 3 of the same setting")
    assert twice["corrected_top1"] == 61.534


def test_every_attempt_of_20_epochs_is_one_logged_run_and_no_run_is_used_twice(published):
    logged = attempts(published).query("epochs == 20")
    assert logged["logged"].notna().all()
    runs = logged.groupby(["dataset", "arch", "norm"])["logged"]
    assert (runs.nunique() == runs.size()).all()


def test_a_run_that_did_not_finish_is_left_out(published):
    runs = logged_runs(published.recovered)
    unfinished = runs[~runs["finished"]]
    assert unfinished[["dataset", "arch", "norm"]].to_numpy().tolist() == [["cifar100", "dpn92", "bn"]]
    others = runs.query("dataset == 'cifar100' and arch == 'dpn92' and norm == 'bn' and finished")["train_seconds"]
    assert unfinished["train_seconds"].iloc[0] < INCOMPLETE * others.min()
    assert one(attempts(published), "cifar100", "dpn92", "bn", 20, 3).isna()["corrected_top1"]


def test_a_corrected_value_has_the_split_of_its_neighbours(published):
    """A wrong attempt among test accuracies is replaced by a test accuracy."""
    accuracies = published.accuracies.copy()
    place = accuracies.query(
        "dataset == 'cifar10' and arch == 'vgg16' and norm == 'bn' and epochs == 20 and attempt == 2"
    )
    accuracies.loc[place.index, "value"] = 12.34
    row = one(attempts(replace(published, accuracies=accuracies)), "cifar10", "vgg16", "bn", 20, 2)
    assert row["correction"] == "no logged run has these values"
    assert row["corrected_top1"] == pytest.approx(place["value"].iloc[0])


def test_without_logs_nothing_is_corrected_but_the_copied_time(published):
    frame = attempts(replace(published, recovered=Published().recovered))
    assert (frame["correction"] != "").sum() == 1
    assert frame["logged"].isna().all()
    assert frame.columns.tolist() == COLUMNS


def test_a_file_that_is_missing_takes_nothing_else_with_it(published):
    without_times = attempts(replace(published, times=Published().times))
    assert len(without_times) == 360
    assert (without_times["correction"] != "").sum() == 4  # the accuracies alone tell four of the five
    empty = attempts(Published())
    assert empty.empty
    assert empty.columns.tolist() == COLUMNS
