"""Tables and figures of the page on cost."""

from __future__ import annotations

from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from cost_factory import layer_rows, step_rows, write_bench

from ndcore.study import NETWORKS
from ndreport.build.sphinx_extension import inputs_digest
from ndreport.evidence.bench import load_bench
from ndreport.evidence.csv_files import read
from ndreport.evidence.published import TIMES
from ndreport.evidence.times import settings, study_ratios
from ndreport.pages.cost.figures import parts_alt, parts_figure, ratios_alt, ratios_figure, series
from ndreport.pages.cost.tables import BENCH, HERE, MEAN_ROW, cost_table, cost_view, parts_table, parts_view
from ndreport.pages.times.tables import TIMES_SOURCES
from ndreport.rendering.svg import BLUE, GREEN, PURPLE, VERMILLION

PUBLISHED = Path(__file__).parents[2] / "runs" / "published"
ALL = [name for network in NETWORKS for name in network.ours]
CIFAR10 = "Obadage et al. 2024, time of training, CIFAR-10"
CIFAR100 = "Obadage et al. 2024, time of training, CIFAR-100"


@pytest.fixture(scope="module")
def ratios():
    return study_ratios(settings(read(TIMES, PUBLISHED)))


@pytest.fixture(scope="module")
def nothing():
    return study_ratios(settings(TIMES.empty()))


@pytest.fixture
def costs(tmp_path):
    """Two networks: VGG-16 as in the factory, resnet18d with a slower ND."""
    rows = [*step_rows("vgg16"), *step_rows("resnet18d", nd=4.0)]
    write_bench(tmp_path, rows, [*layer_rows("vgg16"), *layer_rows("resnet18d", root=1.2)])
    return load_bench(tmp_path)[0].costs


def test_every_network_has_a_row_and_every_cell_a_source(ratios, costs):
    view = cost_view(ratios, costs)
    assert len(view) == len(ALL) + 1
    assert all(value.note and value.link for column in view for value in view[column])
    assert view.loc["VGG-16", (HERE, "ours")].text == "1.50"
    assert view.loc["VGG-16", (HERE, "ours")].link == BENCH
    assert "quartiles 1.23 to 1.83, at least 12 steps" in view.loc["VGG-16", (HERE, "ours")].note
    assert view.loc["VGG-16", ("ND of this report", "time, × floor")].text == "3.00"
    assert view.loc["PreAct-18", (HERE, "ours")].text == "not run"
    assert not view.loc["PreAct-18", ("ND of this report", "memory, × BN")].present
    assert view.loc["ResNet-18 (resnet18d)", (CIFAR10, "1 ep.")].text == "as above"
    assert view.loc[MEAN_ROW, (HERE, "ours")].note.startswith("of 1 of the study's 10 networks")


def test_a_disputed_time_of_the_study_is_marked_and_explained(ratios):
    cell = cost_view(ratios, []).loc["EfficientNet", (CIFAR100, "20 ep.")]
    assert cell.text == "1.02 ≠"
    assert "the printed times of Table 9 give 6.93, but a printed time here is not the mean" in cell.note
    assert cell.link == TIMES_SOURCES
    fine = cost_view(ratios, []).loc["EfficientNet", (CIFAR10, "100 ep.")]
    assert fine.text == "1.02"
    assert "give 0.97 to 1.10" in fine.note


def test_no_seconds_are_shown_as_results(ratios, costs):
    text = BeautifulSoup(cost_table(ratios, costs) + parts_table(costs), "html.parser").get_text()
    assert "second" not in text.lower()


def test_without_any_data_the_tables_say_why(nothing):
    view = cost_view(nothing, [])
    assert {v.text for v in view.loc["VGG-16"]} == {"missing", "not run"}
    assert {v.text for v in view.loc[MEAN_ROW]} == {"missing", "not run"}
    assert "nothing to show" in parts_table([])


def test_parts_of_a_step_are_percentages(costs):
    view = parts_view(costs)
    assert list(view.index) == ["VGG-16", "ResNet-18 (resnet18d)"]
    row = view.loc["VGG-16"]
    assert row["share of the time (%)", "root"].text == "40.0"
    assert row["share of the arithmetic (%)", "root"].text == "30.0"
    assert row["limit", "ND / BN, least"].text == "1.10"
    assert row["limit", "ND / BN, measured"].text == "1.50"


def test_parts_of_layers_that_nobody_timed_are_not_run(tmp_path):
    write_bench(tmp_path, step_rows("vgg16"))
    view = parts_view(load_bench(tmp_path)[0].costs)
    assert view.loc["VGG-16", ("share of the time (%)", "root")].text == "not run"
    assert view.loc["VGG-16", ("share of the arithmetic (%)", "root")].present


def test_the_dots_have_their_own_markers_colours_and_words(ratios, costs):
    drawn = series(ratios, costs)
    assert [one.colour for one in drawn] == [PURPLE, VERMILLION, BLUE, GREEN]
    assert len({one.marker for one in drawn}) == len(drawn)
    alt = ratios_alt(drawn)
    assert "study, several epochs: 1.03× to 4.39×, ND slower for 10 of 10 networks" in alt
    assert "ours, exact: 1.50× to 4.00×, ND slower for 2 of 2 networks" in alt
    figure = BeautifulSoup(ratios_figure(ratios, costs), "html.parser")
    assert figure.find("title").get_text() == alt
    assert "VGG-16" in figure.get_text()
    for colour in (PURPLE, VERMILLION, BLUE, GREEN):
        assert colour.lower() in str(figure).lower()


def test_the_figure_draws_what_there_is(nothing, ratios, costs):
    assert "nothing to show yet" in ratios_figure(nothing, [])
    assert next(one.label for one in series(nothing, costs)) == "original's way, here"
    assert len(series(ratios, [])) == 1


def test_the_alternative_text_flips_with_the_data(tmp_path, ratios):
    write_bench(tmp_path, step_rows("vgg16", nd=0.5))
    fast = load_bench(tmp_path)[0].costs
    assert "ours, exact: 0.50×, ND slower for 0 of 1 network" in ratios_alt(series(ratios, fast)).replace(
        " to 0.50×", ""
    )


def test_a_new_benchmark_makes_the_pages_new(tmp_path, monkeypatch):
    monkeypatch.setenv("NDCORE_RUNS", str(tmp_path / "runs"))
    (tmp_path / "runs").mkdir()
    before = inputs_digest(tmp_path)
    write_bench(tmp_path / "runs", step_rows("vgg16"))
    assert inputs_digest(tmp_path) != before


def test_bars_name_the_largest_part(costs):
    assert parts_alt(costs).endswith("the largest part is: resnet18d root 60 % and vgg16 root 40 %.")
    figure = BeautifulSoup(parts_figure(costs), "html.parser")
    assert figure.find("title").get_text() == parts_alt(costs)
    assert "not been timed" in parts_figure([])
    assert "nothing to show" in parts_alt([])
