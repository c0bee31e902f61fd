"""Tables, figures and sentences of the page on deviations; repeats and seeds of our own runs."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from bs4 import BeautifulSoup
from record_factory import make_record

from ndreport.evidence.concordance import agreement as agreements
from ndreport.evidence.concordance import pairs, rankings
from ndreport.evidence.deviations import TEST, deviations, logged_deviations
from ndreport.evidence.published import Published, load_all
from ndreport.evidence.same_seed import repeated_settings
from ndreport.pages.deviations import agreement, findings, tables

PUBLISHED = Path(__file__).parents[2] / "runs" / "published"


@pytest.fixture(scope="module")
def published() -> Published:
    return load_all(PUBLISHED)[0]


@pytest.fixture(scope="module")
def frame(published):
    return deviations(published)


@pytest.fixture(scope="module")
def logged(published):
    return logged_deviations(published)


@pytest.fixture(scope="module")
def both(published):
    return pairs(published)


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


def test_every_setting_has_a_row_and_every_value_a_source(frame):
    view = tables.deviations_view(frame)
    assert len(view) == 120
    for column in view:
        if column not in (tables.DATA_SET, tables.EPOCHS):
            assert all(value.note for value in view[column]), column
    wanted = [
        v.text == "CIFAR-10" and e.text == "1" for v, e in zip(view[tables.DATA_SET], view[tables.EPOCHS], strict=True)
    ]
    worst = view[wanted].loc["PreAct-18, BN"]
    assert worst[tables.SQUARED, "÷ (n − 1)"].text == "0.2277"
    assert worst["one more run", "original"].text == "above"
    assert worst["one more run", "original"].kind == "bad"


def test_what_was_measured_is_said_as_far_as_it_is_proven(frame):
    about = findings.about_splits(frame)
    assert "- test: CIFAR-10 after 20 epochs (20)" in about
    assert "- not proven: CIFAR-10 after 1 epoch (20)" in about
    assert "- test: CIFAR-10 after 1 epoch (20)" in findings.about_splits(frame.assign(split=TEST))


def test_corrected_attempts_are_marked(frame):
    view = tables.deviations_view(frame)
    marked = [value for value in view["accuracy (%)", "mean"] if value.text.endswith("≠")]
    assert len(marked) == 4
    assert all("corrected: attempt 3" in value.note for value in marked)


def test_the_printed_ranges_are_found_again(frame):
    view = tables.ranges_view(frame)
    assert [v.text for v in view["printed"]] == [v.text for v in view["÷ (n − 1)"]] == ["0.00 to 0.23", "0.00 to 0.11"]
    assert [v.text for v in view["same to two decimals"]] == ["yes", "yes"]
    assert view.loc["CIFAR-100", "largest"].text == "VGG-16 BN 100"
    other = tables.ranges_view(frame.assign(squared=frame["squared"] + 0.2))
    assert [v.text for v in other["same to two decimals"]] == ["no", "no"]


def test_sentences_about_the_studys_measure(frame):
    about = findings.about_squared(frame)
    assert "Of 120 settings **120** are below the threshold of 0.5" in about
    assert "CIFAR-10: printed 0.00 to 0.23, recomputed **0.00 to 0.23**; the largest is PreAct-18 BN, 1 epoch" in about
    threshold = findings.about_threshold(frame)
    assert "**57.7 percentage points**" in threshold
    assert "called consistent in 120 of 120 settings. So would 1,080 of 1,080" in threshold
    assert "40 of 120 settings in which every attempt only guessed" in threshold
    assert "**0** are below" in findings.about_squared(frame.assign(squared=0.6))


def test_how_often_the_original_is_where_one_more_run_is_expected(frame, logged):
    about = findings.about_prediction(frame, logged)
    assert "- test (of the test accuracies in the logs): the original lies inside in **30** of 40 settings" in about
    assert "- running training (of the published attempts): the original lies inside in **6** of 80 settings" in about
    view = tables.coverage_view(pd.concat([logged, frame[frame["split"] != TEST]]))
    assert len(view) == 7
    assert view.loc["CIFAR-100, 20 epochs, test", "original inside"].text == "12 of 20"
    assert view.loc["CIFAR-100, 20 epochs, test", "95 % interval of the share"].text == "36 % to 81 %"


def test_bland_altman_figures_state_bias_and_limits(both):
    drawn = BeautifulSoup(agreement.bland_altman_figures(both), "html.parser")
    titles = [title.get_text() for title in drawn.find_all("title")]
    assert len(titles) == 3
    assert "test accuracies of 40 settings" in titles[0]
    assert "Bias −1.62 points, limits of agreement −10.67 to +7.44" in titles[0]
    assert "outside them: ResNet-18 ND 1 on CIFAR-100" in titles[1]
    assert "reproduced minus original is **−1.62** points" in findings.about_bland_altman(both)
    assert "**+5.00** points" in findings.about_bland_altman(both.assign(mean=both["original"] + 5))


def test_tables_of_agreement_and_of_ranks(both):
    view = agreement.agreement_view(agreements(both))
    assert len(view) == 7
    row = view.loc["CIFAR-100, 20 epochs, test"]
    assert row["reproduced − original (points)", "bias"].text == "−2.26"
    assert row["concordance (Lin)", "coefficient"].text == "0.832"
    found = rankings(both)
    ranks = agreement.rankings_view(found)
    assert len(ranks) == 14
    assert ranks.loc["CIFAR-10, 20 epochs, test, ND", "Kendall's τ"].text == "0.96"
    assert ranks.loc["CIFAR-10, 20 epochs, test, ND", "p"].note == "exact"
    assert ranks.loc["CIFAR-10, 20 epochs, test, ND", "p"].text == "< 0.0001"
    assert "two values are equal" in ranks.loc["CIFAR-100, 1 epoch, running training, ND", "p"].note
    assert "- test: Kendall's τ 0.56 to 0.96 in 4 comparisons" in findings.about_rankings(found)


def test_spread_of_attempts_that_share_a_seed(frame, logged):
    about = findings.about_same_seed(frame, logged)
    assert "the largest are PNASNet-18 BN 20 on CIFAR-10 (19.35)" in about
    assert "points in the median of 40 settings" in about


def test_repeats_of_a_seed_and_other_seeds(runs, frame):
    [group] = repeated_settings(runs)
    assert (len(group.runs), len(group.by_seed), list(group.repeated)) == (4, 3, [0])
    assert group.equal_weights() == 1
    assert group.repeat_range() == 0
    assert group.seed_range() == pytest.approx(4.5)
    about = findings.about_repeats([group])
    assert (
        "in 1 of 1 case all weights are equal bit by bit, and the test accuracies lie at most 0.00 points apart"
        in about
    )
    assert (
        "In 1 setting several seeds ran; their test accuracies span 4.50 points. 1 setting of our own has both."
        in about
    )
    row = tables.repeats_view([group], frame).iloc[0]
    assert row["same weights, bit by bit"].text == "1 of 1"
    assert row["range, seeds"].text == "4.50"
    assert row["the study's range, same seed"].present


def test_a_repeat_with_other_weights_is_seen(runs, frame):
    differing = [*runs[:1], with_weights(make_record(50.5, seed=0, repeat=1), "ef"), *runs[2:]]
    [group] = repeated_settings(differing)
    assert group.equal_weights() == 0
    assert group.repeat_range() == pytest.approx(0.5)
    cell = tables.repeats_view([group], frame).iloc[0]["same weights, bit by bit"]
    assert (cell.text, cell.kind) == ("0 of 1", "bad")


def test_what_did_not_run_twice_is_not_run(runs, frame):
    assert repeated_settings([]) == repeated_settings(runs[:1]) == []
    assert "not run" in findings.about_repeats([])
    [seeds] = repeated_settings([runs[0], *runs[2:]])
    assert seeds.repeat_range() is None
    row = tables.repeats_view([seeds], frame).iloc[0]
    assert row["same weights, bit by bit"].text == row["range, same seed"].text == "not run"
    assert "Repeats of one seed: not run yet" in findings.about_repeats([seeds])
    [repeats] = repeated_settings(runs[:2])
    assert tables.repeats_view([repeats], frame).iloc[0]["SD, seeds"].text == "not run"
    assert "Several seeds of one setting: not run yet" in findings.about_repeats([repeats])


def test_runs_off_the_recipe_or_that_failed_are_no_repeats(runs):
    other = make_record(60.0, seed=3, lr=0.05)
    failed = make_record(failed=True, seed=4)
    [group] = repeated_settings([*runs, other, failed])
    assert set(group.by_seed) == {0, 1, 2}


def test_without_files_everything_says_so():
    nothing, empty = deviations(Published()), pairs(Published())
    for sentence in (
        findings.about_splits(nothing),
        findings.about_squared(nothing),
        findings.about_threshold(nothing),
        findings.about_prediction(nothing, nothing),
        findings.about_bland_altman(empty),
        findings.about_rankings(rankings(empty)),
        findings.about_same_seed(nothing, nothing),
    ):
        assert sentence == findings.NO_VALUES
    assert "nothing to show" in tables.deviations_table(nothing, "d", "Nothing")
    assert "nothing to show" in tables.coverage_table(nothing)
    assert "nothing to show" in agreement.agreement_table(agreements(empty))
    assert "nothing to show" in agreement.rankings_table(rankings(empty))
    assert "nothing to show" in agreement.bland_altman_figures(empty)
    assert "missing" in tables.ranges_table(nothing)
    assert "nothing to show" in tables.repeats_table([], nothing)
