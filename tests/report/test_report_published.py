"""The published values: complete, typed, and re-derived where they can be."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pandas as pd
import pytest

from ndcore.errors import UserError
from ndcore.study import ATTEMPTS, EPOCHS, NETWORKS, NORMS
from ndreport.evidence.csv_files import load, read
from ndreport.evidence.published import ACCURACIES, FILES, FIRST_VERSION, IMAGENET, MODEL_ZOO, RECOVERED
from ndreport.pages.tables_4_and_5.rows import accuracy_rows, disagreeing_averages, split_counts

PUBLISHED = Path(__file__).parents[2] / "runs" / "published"


@pytest.fixture(scope="module")
def accuracies() -> pd.DataFrame:
    return read(ACCURACIES, PUBLISHED)


def attempts(accuracies, dataset, arch, norm, epochs) -> list[float]:
    """The three attempts of one setting, in percent."""
    query = "dataset == @dataset and arch == @arch and norm == @norm and epochs == @epochs and attempt.notna()"
    return accuracies.query(query).sort_values("attempt")["value"].tolist()


def test_every_setting_has_one_original_one_average_and_three_attempts(accuracies):
    assert len(accuracies) == 600
    settings = accuracies.groupby(["dataset", "arch", "norm", "epochs"])
    assert len(settings) == 2 * len(NETWORKS) * len(NORMS) * len(EPOCHS)
    for _, group in settings:
        assert sorted(group["study"]) == ["original", "re", "re", "re", "re"]
        assert sorted(group["attempt"].dropna()) == list(ATTEMPTS)
    assert (accuracies["source"] != "").all()


def test_printed_averages_of_table_4_are_the_means_except_the_known_column(accuracies):
    wrong = disagreeing_averages(accuracy_rows(accuracies, [], "cifar10"))
    assert set(zip(wrong["norm"], wrong["epochs"], strict=True)) == {("bn", 100)}
    assert dict(zip(wrong["arch"], wrong["mean_of_attempts"].round(2), strict=True)) == {
        "vgg16": 99.85,
        "resnet18": 96.32,
        "preact18": 99.91,
        "mobilenetv2": 94.80,
        "dpn92": 99.97,
        "pnasneta": 81.63,
        "efficientnet": 88.39,
    }


def test_printed_bn_100_averages_of_table_4_mix_in_an_nd_attempt(accuracies):
    """The formula of that column averages BN attempts 1 and 2 with ND attempt 2."""
    rows = accuracy_rows(accuracies, [], "cifar10").query("epochs == 100 and first_of_label")
    for network in NETWORKS:
        bn, nd = (rows[(rows["arch"] == network.arch) & (rows["norm"] == norm)].iloc[0] for norm in NORMS)
        mixed = (bn["attempt_1"] + bn["attempt_2"] + nd["attempt_2"]) / 3
        assert bn["reproduced"] == pytest.approx(mixed, abs=0.0101), network.label


def test_printed_averages_of_table_5_are_the_means(accuracies):
    assert disagreeing_averages(accuracy_rows(accuracies, [], "cifar100")).empty


def test_known_copying_errors_among_the_attempts_are_kept_as_published(accuracies):
    bn = attempts(accuracies, "cifar100", "resnet18", "bn", 20)
    nd = attempts(accuracies, "cifar100", "resnet18", "nd", 20)
    assert bn[2] - max(bn[:2]) > 0.9
    assert nd[2] - max(nd[:2]) > 10
    assert nd[2] == attempts(accuracies, "cifar100", "resnext29", "bn", 20)[2]
    twice = attempts(accuracies, "cifar100", "efficientnet", "bn", 20)
    assert twice[1] == twice[2]
    unfinished = attempts(accuracies, "cifar100", "dpn92", "bn", 20)
    assert unfinished[2] < min(unfinished[:2]) - 20


def test_split_is_proven_test_at_20_epochs_of_cifar10_only(accuracies):
    assert split_counts(accuracies, "cifar10").to_dict("index") == {
        1: {"test": 0, "train": 0, "not proven": 60},
        20: {"test": 60, "train": 0, "not proven": 0},
        100: {"test": 0, "train": 48, "not proven": 12},
    }
    assert split_counts(accuracies, "cifar100")["test"].sum() == 0


def test_split_and_its_evidence_come_together_and_for_attempts_only(accuracies):
    assert ((accuracies["split"] == "") == (accuracies["split_evidence"] == "")).all()
    assert (accuracies.loc[accuracies["attempt"].isna(), "split"] == "").all()


def test_third_decimals_exclude_a_test_accuracy_of_10000_images(accuracies):
    by_decimals = accuracies[accuracies["split_evidence"].str.startswith("first commit")]
    assert len(by_decimals) > 0
    assert set(by_decimals["split"]) == {"train"}
    for row in by_decimals.itertuples():
        first = re.search(r"has ([\d.]+),", row.split_evidence)[1]
        assert float(first) * 100 % 1 != 0
        assert round(float(first) * 500, 6) % 1 == 0
        assert abs(float(first) - row.value) < 0.01


@pytest.mark.parametrize("file", FILES.values(), ids=lambda f: f.name)
def test_data_dictionary_describes_every_file_and_counts_its_rows(file):
    section = (PUBLISHED / "README.md").read_text().split(f"## {file.name}\n")[1].split("\n## ")[0]
    assert f"{len(read(file, PUBLISHED))} rows" in " ".join(section.split())
    assert f"]({file.name})" in section
    assert [c for c in file.columns if f"`{c}`" not in section and c not in ACCURACIES.columns] == []


def test_data_dictionary_names_every_common_column_and_both_papers():
    text = (PUBLISHED / "README.md").read_text()
    for column in ACCURACIES.columns:
        assert f"| `{column}` |" in text
    assert "1905.11926" in text
    assert "2410.01189" in text


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("study,dataset", "study,set", "columns"),
        (",14.12,", ",fourteen,", "wrong type"),
        (",14.12,", ",141.2,", "line 2: 141.2 is not a percentage"),
        (",14.12,", ",,", "wrong type|percentage"),
        ("original,cifar10,vgg16,bn,1,", "orignal,cifar10,vgg16,bn,1,", "line 2: study is 'orignal'"),
        ("re,cifar10,vgg16,bn,1,2,", "re,cifar10,vgg16,bn,1,1,", "there twice"),
        ("re,cifar10,vgg16,bn,1,2,", "re,cifar10,vgg16,bn,1,two,", "wrong type"),
        ("original,cifar10,vgg16,bn,1,", "original,cifar10,vgg16,bn,1,,,,,,,,,,", "cannot be read|columns|wrong"),
    ],
)
def test_a_damaged_file_is_one_clear_problem(tmp_path, old, new, expected):
    text = (PUBLISHED / "accuracies.csv").read_text()
    assert old in text
    (tmp_path / "accuracies.csv").write_text(text.replace(old, new, 1))
    with pytest.raises(UserError, match=expected):
        read(ACCURACIES, tmp_path)
    frame, problems = load(ACCURACIES, tmp_path)
    assert frame.empty
    assert list(frame.columns) == list(ACCURACIES.columns)
    assert [p.file for p in problems] == ["published/accuracies.csv"]


def test_a_missing_or_binary_file_is_a_problem_too(tmp_path):
    assert "accuracies.csv" in load(ACCURACIES, tmp_path)[1][0].reason
    (tmp_path / "accuracies.csv").write_bytes(b"\xff\xfe\x00\x01" * 50)
    assert load(ACCURACIES, tmp_path)[1]
    shutil.copy(PUBLISHED / "accuracies.csv", tmp_path)
    assert not load(ACCURACIES, tmp_path)[1]


def test_logs_of_20_epochs_hold_three_runs_of_every_setting_with_both_splits():
    logs = read(RECOVERED, PUBLISHED).query("epochs == 20 and metric == 'top1'")
    counts = logs.groupby(["dataset", "arch", "norm", "split"])["attempt"].nunique()
    assert len(counts) == 2 * len(NETWORKS) * len(NORMS) * 2
    assert set(counts) == {len(ATTEMPTS)}
    wide = logs.pivot(index=["dataset", "arch", "norm", "attempt"], columns="split", values="value")
    assert (wide["test"] * 100 % 1).round(6).isin([0, 1]).all()  # percentages of 10,000 test images


def test_the_first_version_agrees_with_the_present_one_to_its_last_digit(accuracies):
    """Values were cut off or rounded when they moved to the present sheet, never changed."""
    first = read(FIRST_VERSION, PUBLISHED)
    both = first.merge(accuracies, on=["study", "dataset", "arch", "norm", "epochs", "attempt", "metric"])
    assert len(both) == len(first) == 358
    assert (both["value_x"] - both["value_y"]).abs().max() < 0.01
    assert (first["value"] * 500 % 1).round(6).isin([0, 1]).all()  # all could be percentages of 50,000 images


def test_imagenet_tables_are_the_spreadsheet_with_two_decimals_up_to_cut_off_digits():
    frame = read(IMAGENET, PUBLISHED).query("study == 're'")
    printed = frame[frame["attempt"].isna()].set_index(["arch", "norm", "metric"])["value"]
    single = frame[frame["attempt"].notna()].set_index(["arch", "norm", "metric"])["value"]
    assert len(printed) == len(single) == 3 * 7
    gap = (single - printed).abs().unstack("metric")
    assert gap[["top1", "top5"]].max().max() < 0.01
    assert gap["total_seconds"].max() < 60  # the table prints minutes


def test_baselines_of_the_original_on_imagenet_are_those_of_the_model_zoo():
    zoo = read(MODEL_ZOO, PUBLISHED)
    original = read(IMAGENET, PUBLISHED).query("study == 'original'").set_index(["arch", "norm", "metric"])["value"]
    for row in zoo.itertuples():
        assert 100 - row.value == pytest.approx(original[row.arch, row.norm, row.metric.removesuffix("_error")])
    assert len(zoo) == 8
