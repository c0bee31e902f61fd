"""The published training times: complete, typed, and recounted from the attempts."""

from __future__ import annotations

import shutil
from pathlib import Path

import pandas as pd
import pytest

from ndcore.errors import UserError
from ndcore.study import ATTEMPTS, EPOCHS, NETWORKS, NORMS
from ndreport.evidence.csv_files import load, read
from ndreport.evidence.published import TIMES
from ndreport.evidence.times import disagreeing_times, far_attempts, repeated_times, settings, study_ratios
from ndreport.material import load as load_page

PUBLISHED = Path(__file__).parents[2] / "runs" / "published"


@pytest.fixture(scope="module")
def times() -> pd.DataFrame:
    return read(TIMES, PUBLISHED)


@pytest.fixture(scope="module")
def frame(times) -> pd.DataFrame:
    return settings(times)


def change(times: pd.DataFrame, value: float, **where) -> pd.DataFrame:
    """A copy in which the values of some rows are another number; attempt None means the printed time."""
    changed = times.copy()
    chosen = changed["metric"] == where.pop("metric", "train_seconds")
    for column, wanted in where.items():
        chosen &= changed[column].isna() if wanted is None else (changed[column] == wanted).fillna(False)
    assert chosen.any()
    changed.loc[chosen, "value"] = value
    return changed


def test_every_setting_has_one_printed_time_and_two_times_of_three_attempts(times):
    assert len(times) == 840
    groups = times.groupby(["dataset", "arch", "norm", "epochs"])
    assert len(groups) == 2 * len(NETWORKS) * len(NORMS) * len(EPOCHS)
    for _, group in groups:
        printed = group[group["attempt"].isna()]
        assert list(printed["metric"]) == ["train_seconds"]
        for metric in ("train_seconds", "test_seconds"):
            assert list(group.loc[(group["metric"] == metric) & group["attempt"].notna(), "attempt"]) == list(ATTEMPTS)
    assert (times["source"] != "").all()


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("Re Table 8 VGG-16 BN 1", 37.38),
        ("Re Table 8 DPN-92 ND 100", 31776.99),
        ("Re Table 9 EfficientNet BN 100", 1090.063),
        ("Re Table 9 DPN-92 BN 1", 158.08),
        ("Re rep_values.xlsx (commit e348f22) rep_values_t1!CV8", 887.73),
        ("Re rep_values.xlsx (commit e348f22) rep_values_t1!DQ16", 2646.89),
    ],
)
def test_values_are_those_of_their_sources(times, source, value):
    assert times.loc[times["source"] == source, "value"].tolist() == [value]


def test_cells_of_the_spreadsheet_and_of_the_tables_stand_here_once(times):
    assert not times["source"].duplicated().any()
    for dataset, number in (("cifar10", 8), ("cifar100", 9)):
        printed = times[(times["dataset"] == dataset) & times["attempt"].isna()]
        assert printed["source"].str.startswith(f"Re Table {number} ").all()


def test_data_dictionary_names_every_column_the_row_count_and_the_anchor(times):
    text = (PUBLISHED / "README.md").read_text()
    part = text[text.index("## times.csv") : text.index("## net_sizes.csv")]
    for column in TIMES.columns:
        assert f"`{column}`" in part
    assert f"{len(times)} rows" in part
    assert "### Source cells of the times" in part


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("study,dataset", "study,set", "columns"),
        (",37.38,", ",soon,", "wrong type"),
        (",37.38,", ",,", "wrong type"),
        (",37.38,", ",-37.38,", "line 2: -37.38 is not a time"),
        (",37.38,", ",inf,", "line 2: inf is not a time"),
        (",37.38,", ",nan,", "line 2: nan is not a time"),
        ("re,cifar10,vgg16,bn,1,,", "original,cifar10,vgg16,bn,1,,", "line 2: study is 'original'"),
        ("re,cifar10,vgg16,bn,1,,", "re,cifar10,vgg17,bn,1,,", "line 2: arch is 'vgg17'"),
        ("re,cifar10,vgg16,bn,1,2,", "re,cifar10,vgg16,bn,1,4,", "line 4: attempt is 4"),
        ("re,cifar10,vgg16,bn,1,2,", "re,cifar10,vgg16,bn,1,1,", "line 4: this value is there twice"),
        ("train_seconds", "top1", "metric is 'top1'"),
        (",seconds,", ",minutes,", "unit is 'minutes'"),
    ],
)
def test_a_damaged_file_is_one_clear_problem(tmp_path, old, new, expected):
    text = (PUBLISHED / TIMES.name).read_text()
    assert old in text
    (tmp_path / TIMES.name).write_text(text.replace(old, new, 1))
    with pytest.raises(UserError, match=expected):
        read(TIMES, tmp_path)
    found, problems = load(TIMES, tmp_path)
    assert found.empty
    assert list(found.columns) == list(TIMES.columns)
    assert [p.file for p in problems] == ["published/times.csv"]


def test_pages_name_a_missing_file_of_times_and_show_the_rest(tmp_path):
    shutil.copytree(PUBLISHED, tmp_path / "published")
    (tmp_path / "published" / TIMES.name).unlink()
    material = load_page(tmp_path)
    assert material.times.empty
    assert len(material.accuracies) == 600
    assert [p.file for p in material.problems] == ["published/times.csv"]
    assert "published/times.csv" in material.problem_notice()


def test_printed_times_of_table_8_are_the_means(frame):
    assert disagreeing_times(frame[frame["dataset"] == "cifar10"]).empty


def test_printed_times_of_table_9_hold_other_quantities_in_two_columns(frame):
    wrong = disagreeing_times(frame)
    real = wrong[~wrong["cut_off"]]
    assert int(wrong["cut_off"].sum()) == 4
    columns = real.groupby(["norm", "epochs", "equals"]).size().to_dict()
    assert columns == {
        ("nd", 20, "the mean of BN 100"): 10,
        ("bn", 100, "a mean of test and training times of ND 100"): 10,
        ("bn", 1, ""): 1,
    }
    assert real.loc[real["equals"] == "", "label"].tolist() == ["DPN-92"]


def test_a_printed_time_is_told_from_the_mean_by_more_than_rounding(times, frame):
    mean = frame.loc[0, "mean"]
    where = {"dataset": "cifar10", "arch": "vgg16", "norm": "bn", "epochs": 1, "attempt": None}
    assert 0 in disagreeing_times(settings(change(times, round(mean, 2) + 0.02, **where))).index
    cut = disagreeing_times(settings(change(times, mean - 0.008, **where))).loc[0]
    assert cut["cut_off"]
    assert not disagreeing_times(settings(change(times, mean + 0.008, **where))).loc[0]["cut_off"]


def test_ratios_of_the_attempts_are_those_of_medians(frame):
    ratios = study_ratios(frame).set_index(["dataset", "arch", "epochs"])
    assert len(ratios) == 60
    last = ratios.loc["cifar10", "efficientnet", 100]
    assert last["printed"] == pytest.approx(2712.74 / 2647.03)
    assert last["low"] <= last["attempts"] <= last["high"]
    assert not last["disputed"]
    wrong = ratios.loc["cifar100", "efficientnet", 20]
    assert wrong["printed"] > 6.9
    assert wrong["attempts"] < 1.1
    assert wrong["disputed"]
    assert int(ratios["disputed"].sum()) == 21


def test_far_attempts_and_repeated_times(times, frame):
    far = far_attempts(frame)
    later = far[far["epochs"] > 1]
    assert set(later["label"]) == {"ResNet-18", "DPN-92", "EfficientNet"}
    assert set(far.loc[far["epochs"] == 1, "dataset"]) == {"cifar10"}
    pairs = repeated_times(times)
    assert len(pairs) == 2
    assert pairs[0][1] == "ResNeXt-29 BN 20, CIFAR-100, attempt 3, training"
    assert pairs[1][1].endswith("attempt 3, testing")
    calm = change(times, 50.0, epochs=20)
    assert (far_attempts(settings(calm))["epochs"] == 1).all()
