"""The page on Tables 8 and 9: its tables and figures, and that its sentences still say what the numbers say."""

from __future__ import annotations

import re
from dataclasses import replace

import pandas as pd
import pytest
from bs4 import BeautifulSoup
from cost_factory import step_rows, write_bench
from shown import behind, shown

from ndcore.study import NETWORKS
from ndreport.evidence.bench import load_bench
from ndreport.evidence.corrected_times import BASES, corrected_settings, seconds_per_epoch, time_ratios
from ndreport.evidence.published import Published
from ndreport.evidence.time_statements import LEAST, SHORTEST_GAP, check
from ndreport.evidence.times import disagreeing_times, settings
from ndreport.material import Material
from ndreport.pages.times import checks, figures, recount
from ndreport.pages.times.numbers import numbers
from ndreport.rendering.glued import wanted
from ndreport.rendering.svg import EPOCH_MARKERS, SOURCE_MARKERS


@pytest.fixture(scope="module")
def times(material):
    return corrected_settings(material.published)


@pytest.fixture(scope="module")
def ratios(times):
    return time_ratios(times)


@pytest.fixture
def costs(tmp_path):
    write_bench(tmp_path, [*step_rows("vgg16"), *step_rows("resnet18", nd=4.0)])
    return load_bench(tmp_path)[0].costs


def share(text: str) -> float:
    """0.5 for "1 of 2"."""
    part, whole = map(int, text.split(" of "))
    return part / whole


def test_the_sentences_hold(material, times):
    found = numbers(material)
    assert wanted("times") <= found.keys()
    assert all(found[f"{base}_slower"] == found["settings"] == 60 for base in BASES)  # "in every one of the"
    assert found["printed_least"] == "1.02× (EfficientNet, CIFAR-10, 100 epochs)"
    assert found["printed_most"] == "9.31× (SENet-18, CIFAR-10, 1 epoch)"
    assert share(found["cifar10_means"]) == 1
    assert (found["cifar100_means"], found["cut_off"]) == ("35 of 60", 4)
    assert "DPN-92 in column BN 1 (no mean of the published times)" in found["wrong"]
    assert found["corrections"] == sum(name.startswith("correction_") for name in found) == 4  # one item for each
    assert found["logged_epochs"] == "20"
    assert (found["far"], found["far_single"]) == (14, 11)
    assert found["repeated"] == sum(name.startswith("repeated_") for name in found) == 2
    # "holds with the printed times in … places": where there is no exception, none is named
    for name in ("slower", "longest"):
        assert share(found[f"{name}_printed"]) == share(found[f"{name}_corrected"]) == 1
    assert share(found["gap_printed"]) < 1 > share(found["gap_corrected"])
    assert share(found["smallest_printed"]) == 1 > share(found["smallest_corrected"])
    assert found["longest_said"] == found["gap_said"] == "DPN-92"
    assert found["smallest_said"] == "EfficientNet and ResNet-18"
    assert found["said_range"] == found["longer_range"] == "2 % to 358 %"
    assert found["range_of"] == "CIFAR-10, 100 epochs"
    assert share(found["cifar10_1_alike"]) == 0
    assert found["cifar100_20_unlike"] == "MobileNet v2 BN (0.79×)"
    extra = seconds_per_epoch(times).groupby(["dataset", "norm"])["extra"].median()
    assert all(extra[dataset, "nd"] > extra[dataset, "bn"] for dataset in ("cifar10", "cifar100"))  # "more with ND"


def test_numbers_turn_with_the_times(material):
    published = material.published
    times = published.times.assign(value=published.times["value"].where(published.times["norm"] == "nd", 1e6))
    found = numbers(replace(material, published=replace(published, times=times)))
    assert found["printed_slower"] == 0
    assert found["slower_printed"] == "0 of 6"
    assert found["range_of"] == "none"


def test_the_recounted_tables_hold_all_printed_times_with_their_sources(times, ratios):
    for dataset, number, marked in (("cifar10", 8, 0), ("cifar100", 9, 25)):
        cells = shown(recount.times_table(times, ratios, dataset))
        assert len(cells) == 3 * len(NETWORKS)
        printed = [*cells["BN (s) / printed"], *cells["ND (s) / printed"]]
        assert len(printed) == 60
        assert all(value.note.startswith(f"Re Table {number} ") for value in printed)
        assert all(value.text and value.note for column in cells for value in cells[column] if "epochs" not in column)
        assert sum(value.text.startswith("≠") for value in printed) == marked


def test_a_wrong_printed_time_and_a_corrected_mean_say_what_they_are(times, ratios):
    cells = shown(recount.times_table(times, ratios, "cifar100"))
    row = cells[[value.text == "20" for value in cells["training / epochs"]]].loc["EfficientNet"]
    assert row["ND (s) / printed"].text == "≠ 2683.59"
    assert row["ND (s) / printed"].note.endswith("not the mean of its attempts but: the mean of BN 100")
    assert row["BN (s) / corrected"].text == "≠ 539.68"
    assert "attempt 3" in row["BN (s) / corrected"].note
    assert row["ND / BN / printed"].text == "6.93"
    assert row["ND / BN / corrected"].text == "1.03"
    more = behind(recount.times_table(times, ratios, "cifar100"))
    row = more[[value.text == "20" for value in more["training / epochs"]]].loc["EfficientNet"]
    assert row["BN (s) / attempts"].text == "521.30 to 566.00"
    assert row["ND / BN / mean of attempts"].text == "1.43"


def test_the_table_of_wrong_times_names_what_they_are(times):
    cells = shown(recount.wrong_times_table(disagreeing_times(times)))
    assert len(cells) == 25
    cell = cells.loc["EfficientNet ND 20, CIFAR-100"]
    assert cell["printed (s)"].note == "Re Table 9 EfficientNet ND 20"
    assert re.fullmatch(r"rep_values_t1!\w+, .*", cell["mean of attempts (s)"].note)
    assert cell["what it is"].text == "the mean of BN 100"
    assert cells.loc["MobileNet v2 BN 1, CIFAR-100", "what it is"].text == recount.CUT_OFF
    assert cells.loc["DPN-92 BN 1, CIFAR-100", "what it is"].text == "not found in the attempts"


def test_right_printed_times_leave_nothing_to_list(material):
    times = material.times
    means = settings(times).set_index(["dataset", "arch", "epochs", "norm"])["mean"].round(2)
    printed = times[times["attempt"].isna()].assign(
        value=lambda t: [means[tuple(k)] for k in t[list(means.index.names)].to_numpy()]
    )
    right = settings(pd.concat([printed, times[times["attempt"].notna()]]))
    assert "nothing to show" in recount.wrong_times_table(disagreeing_times(right))


def test_statements_are_judged_place_by_place(times, ratios):
    cells = shown(checks.statements_table(check(times, ratios)))
    assert len(cells) == 36
    gap = cells[[value.text.startswith("largest") for value in cells["about"]]]
    assert gap.loc["CIFAR-100, 1 epoch", "printed"].text == "fails: DenseNet-121"
    assert gap.loc["CIFAR-100, 1 epoch", "printed"].kind == "bad"
    assert gap.loc["CIFAR-100, 1 epoch", "corrected"].text == "holds: DPN-92"
    assert gap.loc["CIFAR-100, 100 epochs", "corrected"].text == "fails: DenseNet-121"
    least = cells[[value.text == LEAST for value in cells["about"]]]
    assert least.loc["CIFAR-100, 20 epochs", "corrected"].text == f"fails: {SHORTEST_GAP}"


def test_seconds_per_epoch_carry_word_and_glyph(times):
    cells = shown(checks.per_epoch_table(seconds_per_epoch(times), "cifar10"))
    assert len(cells) == 2 * len(NETWORKS)
    cell = cells.loc["ResNet-18, BN", "over an epoch of 100 / of 20"]
    assert (cell.text, cell.kind) == ("5.50× longer", "bad")
    assert cells.loc["DPN-92, ND", "over an epoch of 100 / of 20"].text.endswith("alike")
    assert "shorter" in checks.per_epoch_table(seconds_per_epoch(times), "cifar100")


def test_ranges_name_the_networks(ratios):
    cells = shown(recount.ranges_table(ratios))
    assert cells.loc["CIFAR-100, 20 epochs", "printed / most"].text == "6.93 EfficientNet"
    assert cells.loc["CIFAR-100, 20 epochs", "corrected / least"].text == "1.03 EfficientNet"
    assert cells.loc["CIFAR-100, 100 epochs", "corrected / most"].text == "4.56 DenseNet-121"


def test_missing_times_are_said():
    times = corrected_settings(Published())
    ratios = time_ratios(times)
    for html in (
        recount.times_table(times, ratios, "cifar10"),
        checks.per_epoch_table(seconds_per_epoch(times), "cifar100"),
        checks.statements_table(check(times, ratios)),
        recount.ranges_table(ratios),
    ):
        assert "missing" in {value.text for value in shown(html).to_numpy().ravel()}
    with pytest.raises(KeyError):  # what `Material.glue` turns into "missing" where a file is damaged
        numbers(Material([], []))
    assert figures.bars_figure(times, "cifar10").count("could not be read") == 3
    assert figures.ratios_figure(ratios, []).count("could not be read") == 2


def test_bars_state_least_and_most_and_differ_in_pattern(times):
    drawn = BeautifulSoup(figures.bars_figure(times, "cifar100"), "html.parser")
    titles = [title.get_text() for title in drawn.find_all("title")]
    assert len(titles) == 3
    assert titles[1] == (
        "Printed training times, CIFAR-100, 20 epochs, two bars per network: BN 205 seconds (VGG-16) to 2,386 (DPN-92) "
        "and ND 1,076 seconds (ResNet-18) to 13,685 (DPN-92); the bar of ND is longer for 10 of 10 networks."
    )
    assert [figure["id"] for figure in drawn.find_all("figure")] == ["figure-5-a", "figure-5-b", "figure-5-c"]
    assert len(set(figures.PATTERNS.values())) == 2


def test_dots_state_the_ratios_and_our_own_beside_them(ratios, costs):
    drawn = BeautifulSoup(figures.ratios_figure(ratios, costs), "html.parser")
    titles = [title.get_text() for title in drawn.find_all("title")]
    assert "20 epochs 1.03× to 4.48×, geometric mean 3.12×, printed ratio elsewhere for 10 of 10" in titles[1]
    assert "ours, here 1.50× to 4.00×" in titles[0]
    assert "ours" not in figures.ratios_alt(ratios, [], "cifar10")
    markers = [*EPOCH_MARKERS.values(), *(SOURCE_MARKERS[whose] for _, whose in figures.HERE.values())]
    assert len(set(markers)) == len(markers)
