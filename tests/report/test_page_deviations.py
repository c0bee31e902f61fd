"""The page on deviations: its tables and figures, its own runs, and that its sentences say what the numbers say."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from bs4 import BeautifulSoup
from record_factory import make_record
from shown import shown

from ndreport.evidence.concordance import agreement as agreements
from ndreport.evidence.concordance import pairs, rankings
from ndreport.evidence.deviations import TEST, deviations, logged_deviations
from ndreport.evidence.expected import Expectations
from ndreport.evidence.published import Published
from ndreport.evidence.same_seed import across_code, repeated_settings
from ndreport.pages.deviations import agreement, spread
from ndreport.pages.deviations.numbers import numbers
from ndreport.pages.deviations.repeats import about_repeats, repeats_table
from ndreport.rendering.glued import wanted

EXPECTED = Expectations(Published(), [], Path())
"""Nothing is known."""


@pytest.fixture(scope="module")
def frame(material):
    return deviations(material.published)


@pytest.fixture(scope="module")
def logged(material):
    return logged_deviations(material.published)


@pytest.fixture(scope="module")
def both(material):
    return pairs(material.published)


def with_weights(record, digest):
    return record.model_copy(update={"model": record.model.model_copy(update={"weights_sha256": digest * 32})})


@pytest.fixture
def runs():
    """Three seeds; seed 0 ran twice, with equal weights."""
    return [
        make_record(50.0, seed=0),
        make_record(50.0, seed=0, repeat=1),
        make_record(52.0, seed=1),
        make_record(47.5, seed=2),
    ]


def share(text: str) -> float:
    """0.5 for "1 of 2"."""
    part, whole = (float(number.replace(",", "")) for number in text.split(" of "))
    return part / whole


def test_the_sentences_hold(material):
    found = numbers(material)
    assert wanted("deviations") <= found.keys()
    assert found["test_blocks"] == "CIFAR-10 after 20 epochs (20)"
    assert found["not_proven_blocks"] == "CIFAR-10 after 1 epoch (20)"
    assert found["below"] == found["settings"] == 120
    for dataset in ("cifar10", "cifar100"):
        assert found[f"{dataset}_printed"] == found[f"{dataset}_recomputed"]
    assert found["cifar10_worst"] == "PreAct-18 BN, 1 epoch"
    # "cannot tell a good reproduction from a poor one", "notices where the original is high"
    assert share(found["half"]) == share(found["exchanged"]) == 1
    assert 0 < share(found["chance"]) < 1
    assert found["reached"] == "57.7"
    # "in about nineteen of twenty": for none it is so many
    assert max(share(found[f"{split}_inside"]) for split in ("test", "not_proven", "running_training")) < 0.95
    assert found["test_bias"] == "−1.62"
    assert found["running_training_limits"] == "−18.72 to +29.32"
    assert share(found["test_below"]) == share(found["not_proven_below"]) == 1
    assert found["test_taus"] == "0.56 to 0.96 in 4 comparisons"
    assert found["published_largest"].startswith("PNASNet-18 BN 20 on CIFAR-10 (19.35)")


def test_numbers_turn_with_the_values(material):
    accuracies = material.published.accuracies
    single = (accuracies["study"] == "re") & accuracies["attempt"].notna() & (accuracies["epochs"] == 100)
    wrong = accuracies.assign(value=accuracies["value"].mask(single, 0.0))
    found = numbers(replace(material, published=replace(material.published, accuracies=wrong)))
    assert found["below"] < found["settings"]
    assert found["cifar10_recomputed"] != found["cifar10_printed"]


def test_every_setting_has_a_row_and_every_value_a_source(frame):
    cells = shown(spread.deviations_table(frame, "d", "Attempts"))
    assert len(cells) == 120
    for column in cells:
        if column not in ("setting / data set", "setting / epochs"):
            assert all(value.note for value in cells[column]), column
    worst = cells.loc["PreAct-18, BN"].iloc[0]
    assert worst["averaged squared deviation / ÷ (n − 1)"].text == "0.2277"
    assert worst["one more run / original"].text == "above"
    assert worst["one more run / original"].kind == "bad"
    marked = [value for value in cells["accuracy (%) / mean"] if value.text.endswith("≠")]
    assert len(marked) == 4
    assert all("corrected: attempt 3" in value.note for value in marked)


def test_the_printed_ranges_are_found_again(frame):
    cells = shown(spread.ranges_table(frame))
    assert (
        [v.text for v in cells["printed"]] == [v.text for v in cells["÷ (n − 1)"]] == ["0.00 to 0.23", "0.00 to 0.11"]
    )
    assert [v.text for v in cells["same to two decimals"]] == ["yes", "yes"]
    assert cells.loc["CIFAR-100", "largest"].text == "VGG-16 BN 100"
    other = shown(spread.ranges_table(frame.assign(squared=frame["squared"] + 0.2)))
    assert [v.text for v in other["same to two decimals"]] == ["no", "no"]


def test_how_often_the_original_is_where_one_more_run_is_expected(frame, logged):
    cells = shown(spread.coverage_table(pd.concat([logged, frame[frame["split"] != TEST]])))
    assert len(cells) == 7
    assert cells.loc["CIFAR-100, 20 epochs, test", "original inside"].text == "12 of 20"
    assert cells.loc["CIFAR-100, 20 epochs, test", "95 % interval of the share"].text == "36 % to 81 %"


def test_bland_altman_figures_state_bias_and_limits(both):
    drawn = BeautifulSoup(agreement.bland_altman_figures(both), "html.parser")
    titles = [title.get_text() for title in drawn.find_all("title")]
    assert len(titles) == 3
    assert "test accuracies of 40 settings" in titles[0]
    assert "Bias −1.62 points, limits of agreement −10.67 to +7.44" in titles[0]
    assert "outside them: ResNet-18 ND 1 on CIFAR-100" in titles[1]


def test_tables_of_agreement_and_of_ranks(both):
    cells = shown(agreement.agreement_table(agreements(both)))
    assert len(cells) == 7
    row = cells.loc["CIFAR-100, 20 epochs, test"]
    assert row["reproduced − original (points) / bias"].text == "−2.26"
    assert row["concordance (Lin) / coefficient"].text == "0.832"
    ranks = shown(agreement.rankings_table(rankings(both)))
    assert len(ranks) == 14
    assert ranks.loc["CIFAR-10, 20 epochs, test, ND", "Kendall's τ"].text == "0.96"
    assert ranks.loc["CIFAR-10, 20 epochs, test, ND", "p"].note == "exact"
    assert ranks.loc["CIFAR-10, 20 epochs, test, ND", "p"].text == "< 0.0001"
    assert "two values are equal" in ranks.loc["CIFAR-100, 1 epoch, running training, ND", "p"].note


def test_repeats_of_a_seed_and_other_seeds(runs, frame):
    [group] = repeated_settings(runs)
    assert (len(group.runs), len(group.by_seed), list(group.repeated)) == (4, 3, [0])
    assert group.equal_weights() == 1
    assert group.repeat_range() == 0
    assert group.seed_range() == pytest.approx(4.5)
    about = about_repeats(runs)
    assert about.startswith(
        "We ran 1 seed again with the same code, in 1 setting: the weights are equal bit by bit, and"
    )
    assert "several seeds with the same code in 1 setting: their test accuracies span 4.50 points." in about
    row = shown(repeats_table(runs, frame, EXPECTED)).iloc[0]
    assert row["same weights, bit by bit"].text == "1 of 1"
    assert row["range, seeds"].text == "4.50"
    assert row["the reproduction's range, same seed"].present


def test_a_repeat_with_other_weights_is_seen(runs, frame):
    differing = [*runs[:1], with_weights(make_record(50.5, seed=0, repeat=1), "ef"), *runs[2:]]
    [group] = repeated_settings(differing)
    assert group.equal_weights() == 0
    assert group.repeat_range() == pytest.approx(0.5)
    cell = shown(repeats_table(differing, frame, EXPECTED)).iloc[0]["same weights, bit by bit"]
    assert (cell.text, cell.kind) == ("0 of 1", "bad")
    about = about_repeats(differing)
    assert "the weights are not equal, and the test accuracies of a seed lie at most 0.50 points" in about


def by_code(record, digest):
    return record.model_copy(update={"code": record.code.model_copy(update={"source_sha256": digest * 32})})


def test_runs_of_different_code_are_not_compared(runs, frame):
    other = by_code(with_weights(make_record(60.0, seed=0, repeat=1), "ef"), "00")
    [group] = repeated_settings([runs[0], other, *runs[2:]])
    assert group.repeated == {}
    [pair] = across_code([runs[0], other, *runs[2:]])
    assert pair == [runs[0], other]
    about = about_repeats([runs[0], other])
    assert about.startswith("No seed of ours ran twice with the same code")
    assert "We ran seed 0 of resnet18d, BN, CIFAR-10, 1 epoch with 2 versions of our code: 50.00 % and 60.00 %" in about
    assert "10.00" not in about
    assert "equal bit by bit" not in about
    assert "nothing to show" in repeats_table([runs[0], other], frame, EXPECTED)
    assert across_code(runs) == []
    assert "version" not in about_repeats(runs)


def test_the_records_of_this_report_compare_no_two_versions_of_the_code(material):
    for group in repeated_settings(material.records):
        assert {record.code.source_sha256 for record in group.runs} == {group.source_sha256}
    assert all(len({r.code.source_sha256 for r in pair}) == len(pair) for pair in across_code(material.records))


def test_several_repeats_are_counted(runs):
    other = [with_weights(make_record(50.5, seed=1, repeat=1), "ef"), make_record(47.5, seed=2, repeat=1)]
    assert "the weights are equal bit by bit for every seed" in about_repeats([*runs, other[1]])
    assert "We ran 2 seeds again with the same code, in 1 setting" in about_repeats([*runs, other[1]])
    assert "for 2 of 3 seeds" in about_repeats([*runs, *other])


def test_what_did_not_run_twice_is_not_run(runs, frame):
    assert repeated_settings([]) == repeated_settings(runs[:1]) == []
    assert "not run" in about_repeats([])
    [seeds] = repeated_settings([runs[0], *runs[2:]])
    assert seeds.repeat_range() is None
    row = shown(repeats_table(seeds.runs, frame, EXPECTED)).iloc[0]
    assert row["same weights, bit by bit"].text == row["range, same seed"].text == "not run"
    assert "no repeat can be compared: not run" in about_repeats(seeds.runs)
    [repeats] = repeated_settings(runs[:2])
    assert shown(repeats_table(repeats.runs, frame, EXPECTED)).iloc[0]["SD, seeds"].text == "not run"
    assert "Several seeds of one setting with the same code: not run yet" in about_repeats(repeats.runs)


def test_runs_off_the_recipe_or_that_failed_are_no_repeats(runs):
    other = make_record(60.0, seed=3, lr=0.05)
    failed = make_record(failed=True, seed=4)
    [group] = repeated_settings([*runs, other, failed])
    assert set(group.by_seed) == {0, 1, 2}


def test_missing_files_are_said():
    nothing, empty = deviations(Published()), pairs(Published())
    for html in (
        spread.deviations_table(nothing, "d", "Nothing"),
        spread.coverage_table(nothing),
        spread.ranges_table(nothing),
        agreement.agreement_table(agreements(empty)),
        agreement.rankings_table(rankings(empty)),
        agreement.bland_altman_figures(empty),
    ):
        assert "could not be read" in html
    assert "nothing to show" in repeats_table([], nothing, EXPECTED)
