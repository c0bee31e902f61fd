"""The page on cost: ratios and files of the benchmark, its tables and figures, and sentences that follow the data."""

from __future__ import annotations

from dataclasses import replace
from math import isnan, nan
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from cost_factory import LAYERS_NAME, STEPS_NAME, layer_rows, step_row, step_rows, write_bench
from shown import shown

from ndcore.study import NETWORKS
from ndreport.build.sphinx_extension import inputs_digest
from ndreport.evidence.bench import load_bench
from ndreport.evidence.costs import (
    EVERY4,
    ND,
    ORIGINAL,
    OURS,
    PHASES,
    NetworkCost,
    Step,
    geometric_mean,
    of_the_study,
    values,
)
from ndreport.evidence.csv_files import read
from ndreport.evidence.published import TIMES, Published
from ndreport.evidence.times import settings, study_ratios
from ndreport.material import load as load_page
from ndreport.pages.cost import sentences
from ndreport.pages.cost.bench import about_bench
from ndreport.pages.cost.figures import parts_alt, parts_figure, ratios_alt, ratios_figure, series
from ndreport.pages.cost.networks import BENCH, HERE, MEAN_ROW, cost_table, parts_table
from ndreport.rendering.glued import wanted
from ndreport.rendering.links import TIMES_PAGE
from ndreport.rendering.svg import GREY, INK, SOURCE_COLOURS

RUNS = Path(__file__).parents[2] / "runs"
CIFAR10 = "Obadage et al. 2024, time of training, CIFAR-10"
CIFAR100 = "Obadage et al. 2024, time of training, CIFAR-100"

ALL = [name for network in NETWORKS for name in network.ours]
SENTENCES = [sentences.about_steps, sentences.about_floor, sentences.about_roots, sentences.about_update_every]


def measured(tmp_path, steps, layers=()) -> list[NetworkCost]:
    """The costs that a benchmark of these rows gives."""
    write_bench(tmp_path, steps, layers)
    bench, problems = load_bench(tmp_path)
    assert problems == []
    return bench.costs


def rows_of(names, **seconds):
    return [row for name in names for row in step_rows(name, **seconds)]


def test_ratios_are_those_of_medians_with_opposite_quartiles(tmp_path):
    [cost] = measured(tmp_path, step_rows("vgg16"))
    ratio = cost.ratio(OURS)
    assert ratio.value == pytest.approx(1.5)
    assert ratio.low == pytest.approx(1.5 * 0.9 / 1.1)
    assert ratio.high == pytest.approx(1.5 * 1.1 / 0.9)
    assert ratio.samples == 12
    assert cost.ratio(ORIGINAL).value == pytest.approx(2.0)
    assert cost.memory_ratio() == pytest.approx(1.2)
    assert cost.times_floor() == pytest.approx(1.5 / 0.5)
    assert cost.least_ratio() == pytest.approx(0.8 + 0.3)
    assert cost.root_over_convolution() == pytest.approx(0.75)
    assert cost.arithmetic_over_convolution() == pytest.approx(2.5)


def test_shares_add_up_and_leave_a_rest(tmp_path):
    [cost] = measured(tmp_path, step_rows("vgg16"), layer_rows("vgg16"))
    shares = cost.shares()
    assert list(shares) == [*PHASES, "rest"]
    assert sum(shares.values()) == pytest.approx(1)
    assert shares["root"] == pytest.approx(2 * 0.3 / 1.5)
    assert shares["rest"] == pytest.approx(1 - 1.3 / 1.5)
    assert cost.floor_shares()["convolution"] == pytest.approx(0.4)


def test_layers_slower_than_their_step_leave_no_rest(tmp_path):
    [cost] = measured(tmp_path, step_rows("vgg16"), layer_rows("vgg16", root=9.0))
    assert sum(cost.shares().values()) == pytest.approx(1)
    assert cost.shares()["rest"] == 0


def test_what_was_not_measured_is_not_known():
    cost = NetworkCost("vgg16", {}, {}, nan, {})
    assert cost.ratio(OURS) is None
    assert isnan(cost.memory_ratio())
    assert isnan(cost.times_floor())
    assert isnan(cost.least_ratio())
    assert isnan(cost.root_over_convolution())
    assert cost.shares() == cost.floor_shares() == {}
    step = Step(1.0, 0.9, 1.1, 10, 0)
    assert isnan(NetworkCost("x", {"bn": step, "nd": step}, dict.fromkeys(PHASES, 0.0), 0.0, {}).memory_ratio())


def test_geometric_mean():
    assert geometric_mean([1.0, 4.0]) == pytest.approx(2)
    assert isnan(geometric_mean([]))
    assert isnan(geometric_mean([1.0, nan]))


def test_a_label_with_two_networks_counts_once(tmp_path):
    costs = measured(tmp_path, rows_of(ALL))
    assert len(costs) == len(ALL) == len(NETWORKS) + 1
    assert len(of_the_study(costs)) == len(NETWORKS)
    assert "resnet18d" not in values(of_the_study(costs), OURS)


def test_without_a_benchmark_nothing_is_said(tmp_path):
    bench, problems = load_bench(tmp_path)
    assert (bench.costs, problems) == ([], [])
    for sentence in SENTENCES:
        assert "has not been run here yet" in sentence(bench.costs)
    assert "not been timed" in sentences.about_parts(bench.costs)
    assert 'id="benchmark"' in about_bench(bench)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("median_seconds", "mean_seconds", "column"),
        (",1.5,", ",fast,", "median_seconds"),
        (",1.5,", ",-1.5,", "median_seconds"),
        ("vgg16,nd,", "vgg16,bn,", "line 3: this measurement is there twice"),
    ],
)
def test_a_damaged_file_of_steps_is_a_problem_not_an_exception(tmp_path, old, new, expected):
    path = write_bench(tmp_path, step_rows("vgg16"))
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    material = load_page(tmp_path)
    assert material.bench.costs == []
    problem = next(p for p in material.problems if p.file == f"bench/{STEPS_NAME}")
    assert expected in problem.reason
    assert STEPS_NAME in material.problem_notice()


def test_an_empty_file_is_a_problem(tmp_path):
    path = write_bench(tmp_path, step_rows("vgg16"))
    path.write_text(path.read_text().splitlines()[0] + "\n")
    assert "no measurement" in load_bench(tmp_path)[1][0].reason
    path.write_bytes(b"\xff\xfe\x00")
    assert load_bench(tmp_path)[1]


def test_a_damaged_file_of_layers_leaves_the_steps(tmp_path):
    write_bench(tmp_path, step_rows("vgg16"), layer_rows("vgg16"))
    path = tmp_path / "bench" / LAYERS_NAME
    path.write_text(path.read_text().replace("root", "rooot", 1).replace("0.3", "soon", 1))
    bench, problems = load_bench(tmp_path)
    assert [cost.name for cost in bench.costs] == ["vgg16"]
    assert bench.costs[0].phases == {}
    assert [p.file for p in problems] == [f"bench/{LAYERS_NAME}"]
    assert LAYERS_NAME not in bench.files


def test_layers_of_another_benchmark_are_not_used(tmp_path):
    write_bench(tmp_path, step_rows("vgg16"), layer_rows("vgg16"))
    folder = tmp_path / "bench"
    (folder / LAYERS_NAME).rename(folder / LAYERS_NAME.replace("20250102", "20250103"))
    bench, problems = load_bench(tmp_path)
    assert problems == []
    assert bench.costs[0].phases == {}


def test_conditions_and_files_are_shown(tmp_path):
    write_bench(tmp_path, step_rows("vgg16"), layer_rows("vgg16"))
    html = about_bench(load_bench(tmp_path)[0])
    for text in ("2 threads", "128 images per step", "12 samples", "0123456789ab, clean", STEPS_NAME, LAYERS_NAME):
        assert text in html
    assert "1.5" not in html.replace("1.50GHz", "")


def test_the_sentences_about_the_study_hold():
    material = load_page(RUNS)
    found = sentences.numbers(material)
    assert wanted("cost") <= found.keys()
    assert found["slower"] == found["settings"] == 60  # "in every one of the"
    assert (found["least_more"], found["least"]) == ("2 %", "EfficientNet, CIFAR-10, 100 epochs")
    assert (found["most_more"], found["most"]) == ("831 %", "SENet-18, CIFAR-10, 1 epoch")
    times = material.times.assign(value=material.times["value"].where(material.times["norm"] == "nd", 1e6))
    with pytest.raises(KeyError):  # what `Material.glue` turns into "missing" where a file is damaged
        sentences.numbers(replace(material, published=Published()))
    turned = sentences.numbers(replace(material, published=replace(material.published, times=times)))
    assert turned["slower"] == 0


def test_sentences_carry_computed_numbers(tmp_path):
    costs = measured(tmp_path, rows_of(ALL), [row for name in ALL for row in layer_rows(name)])
    steps = sentences.about_steps(costs)
    assert "over its way of computing BN: geometric mean **2.00×** over all 10 networks of the reproduction" in steps
    assert "values and gradients, over the original's way of computing BN: geometric mean **0.94×**" in steps
    assert "our exact ND, over our BN: geometric mean **1.50×**" in steps
    assert "an approximation, over our BN: geometric mean **1.20×**" in steps
    assert "Our ND step is **2.13×** as fast as the original's" in steps
    assert "Our BN step is **1.60×** as fast" in steps
    assert steps.count("never slower") == 2
    assert "that of BN over all 11 measured networks, geometric mean 1.20× over the reproduction's." in steps
    assert "BN itself takes 1.25×" in steps
    floor = sentences.about_floor(costs)
    assert "takes 3.00× (`" in floor
    assert "geometric mean **1.10×** over all 10 networks of the reproduction; we measured 1.50×" in floor
    assert "in 0 of 11 networks" in sentences.about_roots(costs)
    assert "the longest is root in 11 networks" in sentences.about_parts(costs)
    assert "is 13 % of it" in sentences.about_parts(costs)
    assert "is 1.25× as fast" in sentences.about_update_every(costs)


def test_sentences_flip_when_the_data_flip(tmp_path):
    slow = [*step_rows("vgg16", nd=6.0), *step_rows("preact18", bn=2.0)]
    heavy = [step_row("resnet18d", variant, seconds, root_flop=800) for variant, seconds in (("bn", 1.0), ("nd", 2.0))]
    costs = measured(tmp_path, [*slow, *heavy], layer_rows("vgg16", root=0.01, convolution=0.4))
    steps = sentences.about_steps(costs)
    assert "slower for `vgg16`.\nOur BN" in steps
    assert "slower for `preact18`.\n" in steps
    assert "over 2 networks of the reproduction" in steps
    assert "in 1 of 3 networks: `resnet18d` (20.00×)" in sentences.about_roots(costs)
    assert "the longest is convolution in 1 network (`vgg16`)" in sentences.about_parts(costs)


def test_the_ranges_name_their_ends_also_those_that_no_mean_counts(tmp_path):
    """resnet18d shares a label with resnet18, which stands for both in the means; it is the most expensive one."""
    dear = [step_row("resnet18d", variant, seconds) for variant, seconds in (("bn", 1.0), ("nd", 8.0))]
    costs = measured(tmp_path, [*step_rows("resnet18"), *step_rows("vgg16", nd=2.0), *dear])
    steps = sentences.about_steps(costs)
    assert (
        "over 2 networks of the reproduction; 1.50× (`resnet18`) to 8.00× (`resnet18d`) over all 3 measured networks"
        in steps
    )
    [line] = [line for line in steps.splitlines() if "our exact ND, over our BN" in line]
    assert f"**{(1.5 * 2.0) ** 0.5:.2f}×**" in line
    alone = sentences.about_steps([cost for cost in costs if cost.name == "vgg16"])
    assert "over the one measured network" in alone


def test_a_missing_variant_is_not_run_and_the_others_are_told(tmp_path):
    costs = measured(tmp_path, step_rows("vgg16", nd_every4=0, bn_original=0, none=0))
    steps = sentences.about_steps(costs)
    assert "computing BN: not run" in steps
    assert "an approximation, over our BN: not run" in steps
    assert "over 1 network of the reproduction" in steps
    assert "Our BN step" not in steps
    assert "without normalisation" not in steps
    assert "ND over BN would be" not in sentences.about_floor(costs)
    assert "not been timed" in sentences.about_update_every(costs)
    assert values(costs, (ND, EVERY4)) == {}


@pytest.fixture(scope="module")
def ratios():
    return study_ratios(settings(read(TIMES, RUNS / "published")))


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
    view = shown(cost_table(ratios, costs))
    assert len(view) == len(ALL) + 1
    assert all(value.note and value.link for column in view for value in view[column])
    assert view.loc["VGG-16", f"{HERE} / ours"].text == "1.50"
    assert view.loc["VGG-16", f"{HERE} / ours"].link == BENCH
    assert "quartiles 1.23 to 1.83, at least 12 steps" in view.loc["VGG-16", f"{HERE} / ours"].note
    assert view.loc["VGG-16", "ND of this report / time, × floor"].text == "3.00"
    assert view.loc["PreAct-18", f"{HERE} / ours"].text == "not run"
    assert not view.loc["PreAct-18", "ND of this report / memory, × BN"].present
    assert view.loc["ResNet-18 (resnet18d)", f"{CIFAR10} / 1 ep."].text == "as above"
    assert view.loc[MEAN_ROW, f"{HERE} / ours"].note.startswith("of 1 of the reproduction's 10 networks")


def test_a_disputed_time_of_the_study_is_marked_and_explained(ratios):
    cell = shown(cost_table(ratios, [])).loc["EfficientNet", f"{CIFAR100} / 20 ep."]
    assert cell.text == "1.02 ≠"
    assert "the printed times of Table 9 give 6.93, but a printed time here is not the mean" in cell.note
    assert cell.link == TIMES_PAGE
    fine = shown(cost_table(ratios, [])).loc["EfficientNet", f"{CIFAR10} / 100 ep."]
    assert fine.text == "1.02"
    assert "give 0.97 to 1.10" in fine.note


def test_no_seconds_are_shown_as_results(ratios, costs):
    text = BeautifulSoup(cost_table(ratios, costs) + parts_table(costs), "html.parser").get_text()
    assert "second" not in text.lower()


def test_without_any_data_the_tables_say_why(nothing):
    view = shown(cost_table(nothing, []))
    assert {v.text for v in view.loc["VGG-16"]} == {"missing", "not run"}
    assert {v.text for v in view.loc[MEAN_ROW]} == {"missing", "not run"}
    assert "nothing to show" in parts_table([])


def test_parts_of_a_step_are_percentages(costs):
    view = shown(parts_table(costs))
    assert list(view.index) == ["VGG-16", "ResNet-18 (resnet18d)"]
    row = view.loc["VGG-16"]
    assert row["share of the time (%) / root"].text == "40.0"
    assert row["share of the arithmetic (%) / root"].text == "30.0"
    assert row["limit / ND / BN, least"].text == "1.10"
    assert row["limit / ND / BN, measured"].text == "1.50"


def test_parts_of_layers_that_nobody_timed_are_not_run(tmp_path):
    write_bench(tmp_path, step_rows("vgg16"))
    view = shown(parts_table(load_bench(tmp_path)[0].costs))
    assert view.loc["VGG-16", "share of the time (%) / root"].text == "not run"
    assert view.loc["VGG-16", "share of the arithmetic (%) / root"].present


def test_the_dots_have_their_own_markers_colours_and_words(ratios, costs):
    drawn = series(ratios, costs)
    sources = [SOURCE_COLOURS[source] for source in ("reproduction", "original", "ours")]
    assert [one.colour for one in drawn] == [*sources, GREY]
    assert len({one.marker for one in drawn}) == len(drawn)
    alt = ratios_alt(drawn)
    assert "reproduction, several epochs: 1.03× to 4.39×, ND slower for 10 of 10 networks" in alt
    assert "ours, exact: 1.50× to 4.00×, ND slower for 2 of 2 networks" in alt
    figure = BeautifulSoup(ratios_figure(ratios, costs), "html.parser")
    assert figure.find("title").get_text() == alt
    assert "VGG-16" in figure.get_text()
    for one in drawn:
        assert one.colour.lower().replace(INK, "currentcolor") in str(figure).lower()


def test_the_figure_draws_what_there_is(nothing, ratios, costs):
    assert "could not be read" in ratios_figure(nothing, [])
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
