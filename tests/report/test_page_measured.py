"""The page on what was measured: its sentences, its tables, and what it says without files."""

from __future__ import annotations

import pytest
from bs4 import BeautifulSoup
from record_factory import make_record
from shown import shown

from ndreport.evidence.decimals import LEVEL, digit_test, pattern, patterns
from ndreport.evidence.improvements import averages_at_least, bn_not_behind, improvements
from ndreport.evidence.published import SETTING, Published
from ndreport.evidence.resemblance import resemblance
from ndreport.evidence.splits import DECIMAL, measured_on, split_summary
from ndreport.pages.measured.attempts import cells_table, resemblance_table
from ndreport.pages.measured.blocks import decimals_table, summary_table
from ndreport.pages.measured.corrected import corrected, corrected_table
from ndreport.pages.measured.numbers import NEARLY_ALL, about_resemblance, numbers
from ndreport.rendering.glued import wanted
from ndreport.rendering.measured_on import verdict
from ndreport.rendering.prose import probability
from ndreport.rendering.stated import NOTHING

EMPTY = Published()
TRAINING = [("cifar10", 100), ("cifar100", 1), ("cifar100", 100)]
"""Blocks whose proven attempts are running training accuracies, with open ones beside them."""


@pytest.fixture(scope="module")
def published(material):
    return material.published


@pytest.fixture(scope="module")
def measured(published):
    return measured_on(published)


@pytest.fixture(scope="module")
def found(material):
    return numbers(material)


def test_the_sentences_about_blocks_hold(found, measured):
    assert wanted("measured") <= found.keys()
    assert found["attempts"] == found["test"] + found["train"] + found["open"] == 360
    assert found["open"] == found["beside_train"] + found["suggested"] == 100
    summary, decimals = split_summary(measured), patterns(measured)
    beside = summary[(summary["open"] > 0) & (summary["train"] > 0)]
    assert beside.index.tolist() == TRAINING
    assert (beside["test"] == 0).all()  # "whose other attempts are all running training accuracies"
    assert all(decimals[block].p_all_train >= LEVEL for block in TRAINING)  # "chance predicts about as many"
    others = summary[(summary["open"] > 0) & (summary["train"] == 0)]
    assert others.index.tolist() == [("cifar10", 1)]
    one = decimals["cifar10", 1]
    assert one.coarse == one.values == 60  # "none of them has a third decimal"
    assert one.p_at_least < LEVEL  # "very probably test accuracies"
    assert (found["cifar10_1_p_at_least"], found["cifar10_1_most_train"]) == ("1.2 × 10⁻⁴²", 1)


def test_the_sentences_about_logs_and_decimals_hold(found, measured, published):
    assert found["logged"] == found["logged_test_attempts"] + found["logged_train_attempts"] == 118
    for split, dataset in (("test", "cifar10"), ("train", "cifar100")):
        first = measured[(measured["kind"] == "log") & (measured["split"] == split)].iloc[0]
        assert [*first[[*SETTING, "attempt"]]] == [dataset, "vgg16", "bn", 20, 1]
        assert first["split_evidence"].endswith("logged run 1")
    assert found["logged_test_value"] == found["logged_test_test"] == "90.18 %"
    assert (found["logged_train_value"], found["logged_train_train"]) == ("69.24 %", "69.240 %")
    example = measured[measured["kind"] == DECIMAL].iloc[0]
    assert [*example[[*SETTING, "attempt"]]] == ["cifar10", "vgg16", "bn", 100, 1]
    assert (found["example_first"], found["example_now"]) == ("99.858 %", "99.85 %")
    assert (found["fine"], found["first_version"], found["only_decimal"]) == (189, 358, 142)
    assert digit_test(published).p >= LEVEL  # "no sign that a last digit is preferred"


def test_the_sentences_about_the_corrected_tables_hold(found, measured, published):
    rows = corrected(published)
    assert set(zip(rows["dataset"], rows["epochs"], strict=True)) == {("cifar10", 20), ("cifar100", 20)}
    for dataset in ("cifar10", "cifar100"):
        assert found[f"{dataset}_corrected_ahead"] == rows[rows["dataset"] == dataset]["arch"].nunique() == 10
    assert (found["cifar10_corrected_gain"], found["cifar100_corrected_gain"]) == ("+4.18", "+6.38")
    summary = split_summary(measured)
    without_logs = summary[summary["by_log"] == 0]
    assert without_logs.index.tolist() == [("cifar10", 1), *TRAINING]  # "the other lengths of training"


def test_the_implications_hold(found, measured, published):
    blocks = improvements(published, measured)
    assert found["higher"] == found["train_higher"] + found["rest_higher"] == 72
    assert found["averages"] == found["train_values"] + found["rest_values"] == 120
    assert found["train_blocks"] == 4
    assert len(blocks) == 6  # "the other two blocks"
    assert (blocks.xs(100, level="epochs")["train"] > 0).all()  # "images that a network is being trained on"
    assert found["cifar10_100_change"].startswith("+")
    assert found["cifar100_100_change"].startswith("+")
    assert (found["retested_change"], found["retested_test_change"]) == ("+10.30", "−2.26")
    assert blocks.loc[("cifar100", 20), "tested"] == found["retested_values"] == 20
    high = averages_at_least(published, NEARLY_ALL)
    assert set(high["epochs"]) == {100}
    assert (blocks.xs(100, level="epochs")["test"] == 0).all()  # "none is proven to be anything else"
    behind = bn_not_behind(published).groupby("dataset")["arch"].agg(set).to_dict()
    assert behind == {"cifar10": {"dpn92", "resnext29", "senet18"}, "cifar100": {"preact18", "resnet18", "senet18"}}
    assert set(bn_not_behind(published)["epochs"]) == {100}
    assert found["exceptions"] == 6


def test_verdicts_flip_with_the_evidence(measured):
    summary, found = split_summary(measured), patterns(measured)
    view = shown(summary_table(summary, found))["measured on"]
    assert [(value.text, value.kind) for value in view] == [
        ("test: suggested", "partial"),
        ("test: proven", "good"),
        ("running training: proven for 48", "partial"),
        ("running training: proven for 46", "partial"),
        ("running training: proven", ""),
        ("running training: proven for 46", "partial"),
    ]
    unproven = summary.loc[("cifar10", 1)]
    assert verdict(unproven, pattern(60, 14)).text == "open"
    assert verdict(unproven, None).text == "open"
    both = summary.loc[("cifar10", 20)].copy()
    both["train"] = 1
    assert verdict(both, None).kind == "bad"


def test_decimals_stand_beside_what_chance_predicts(measured):
    view = shown(decimals_table(patterns(measured), list(split_summary(measured).index)))
    row = [value.text for value in view.loc["CIFAR-10 after 100 epochs"]]
    assert row == ["60", "12", "12.0", "1", "0 to 6"]


def test_every_attempt_can_be_linked_to_and_says_what_it_is(measured):
    html = cells_table(measured)
    view = shown(html).map(lambda value: value.text)
    assert len(view) == len({row["id"] for row in BeautifulSoup(html, "html.parser").select("tbody tr")}) == 360
    assert (view["measured on"] == "running training").sum() == 200
    assert (view["first version"] == "none").sum() == 2
    assert (view != "").all(axis=None)


def test_tables_as_they_should_have_read(published):
    rows = corrected(published)
    ten, hundred = (shown(corrected_table(rows, dataset, 20)) for dataset in ("cifar10", "cifar100"))
    assert len(ten) == len(hundred) == 10
    vgg = [value.text for value in hundred.loc["VGG-16"]]
    assert hundred.index[0] == "VGG-16"
    assert vgg == ["63.22", "69.04", "61.21", "3", "71.97", "88.43", "71.74", "3", "+8.75", "+19.39", "+10.53"]
    assert hundred.loc["DPN-92", "BN / runs"].text == "2 of 3"
    assert hundred.loc["VGG-16", "ND − BN / test"].note == "71.74 − 61.21"


@pytest.mark.parametrize(
    ("records", "sentences"),
    [
        ([], ["5 settings can be compared", "In 2 of them", "test is nearer in both settings (single logs"]),
        (
            [make_record(59.5, 74.2, arch="vgg16", norm="nd")],
            ["6 settings", "In 3 of them", "running training is nearer in 1 of 3 settings (our own runs)"],
        ),
        (
            [make_record(20.0, 60.0, dataset="cifar100", arch="vgg16")],
            ["In 3 of them", "- CIFAR-100 after 1 epoch: test is nearer in the only setting (our own runs)"],
        ),
    ],
)
def test_resemblance_is_said_only_where_it_is_clear(published, records, sentences):
    words = about_resemblance(resemblance(published, records))
    assert [sentence for sentence in sentences if sentence not in words] == []


def test_resemblance_that_is_nowhere_clear_says_so(published):
    found = resemblance(published, [make_record(57.7, 44.8, norm="nd")])
    assert [value.text for value in shown(resemblance_table(found))["nearer"]].count("too close to tell") == 3
    assert "In none of them" in about_resemblance(found[~found["decisive"]])


def test_without_files_the_page_says_so():
    nothing = measured_on(EMPTY)
    assert about_resemblance(resemblance(EMPTY, [])) == NOTHING
    for html in (
        summary_table(split_summary(nothing), {}),
        decimals_table({}, []),
        cells_table(nothing),
        resemblance_table(resemblance(EMPTY, [])),
        corrected_table(corrected(EMPTY), "cifar10", 20),
    ):
        assert "nothing to show yet" in html


@pytest.mark.parametrize(
    ("p", "text"), [(1, "1"), (0.551, "0.55"), (0.00195, "0.0019"), (1.153e-42, "1.2 × 10⁻⁴²"), (0.1, "0.10")]
)
def test_probabilities_have_two_digits(p, text):
    assert probability(p) == text
