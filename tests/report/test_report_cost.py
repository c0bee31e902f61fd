"""Costs from the benchmark: ratios, files, and sentences that follow the data."""

from __future__ import annotations

from math import isnan, nan

import pytest
from cost_factory import LAYERS_NAME, STEPS_NAME, layer_rows, step_row, step_rows, write_bench

from ndcore.study import NETWORKS
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
from ndreport.material import load as load_page
from ndreport.pages.cost import findings as cost_findings
from ndreport.pages.cost.bench import about_bench

ALL = [name for network in NETWORKS for name in network.ours]
SENTENCES = [
    cost_findings.about_ratios,
    cost_findings.about_speedup,
    cost_findings.about_floor,
    cost_findings.about_roots,
    cost_findings.about_memory,
    cost_findings.about_update_every,
]


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
        assert sentence(bench.costs) in (cost_findings.NO_BENCH, cost_findings.NOTHING)
    assert cost_findings.about_steps(bench.costs) == cost_findings.NO_BENCH
    assert "not been timed" in cost_findings.about_parts(bench.costs)
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


def test_sentences_carry_computed_numbers(tmp_path):
    costs = measured(tmp_path, rows_of(ALL), [row for name in ALL for row in layer_rows(name)])
    ratios = cost_findings.about_ratios(costs)
    assert "over its way of computing BN: geometric mean **2.00×** over all 10 networks of the study" in ratios
    assert "values and gradients, over the original's way of computing BN: geometric mean **0.94×**" in ratios
    assert "our exact ND, over our BN: geometric mean **1.50×**" in ratios
    assert "an approximation, over our BN: geometric mean **1.20×**" in ratios
    faster = cost_findings.about_speedup(costs)
    assert "Our ND step is **2.13×** as fast as the original's" in faster
    assert "Our BN step is **1.60×** as fast" in faster
    assert faster.count("slower for none") == 2
    assert cost_findings.about_steps(costs).count("\n\n") == 1 + 2
    floor = cost_findings.about_floor(costs)
    assert "takes 3.00× (`" in floor
    assert "geometric mean **1.10×** over all 10 networks of the study; measured is 1.50×" in floor
    assert "in 0 of 11 networks" in cost_findings.about_roots(costs)
    assert "the longest is root in 11 networks" in cost_findings.about_parts(costs)
    assert "is 13 % of it" in cost_findings.about_parts(costs)
    assert "1.20× the peak memory" in cost_findings.about_memory(costs)
    assert "BN itself takes 1.25×" in cost_findings.about_memory(costs)
    assert "is 1.25× as fast" in cost_findings.about_update_every(costs)


def test_sentences_flip_when_the_data_flip(tmp_path):
    slow = [*step_rows("vgg16", nd=6.0), *step_rows("preact18", bn=2.0)]
    heavy = [step_row("resnet18d", variant, seconds, root_flop=800) for variant, seconds in (("bn", 1.0), ("nd", 2.0))]
    costs = measured(tmp_path, [*slow, *heavy], layer_rows("vgg16", root=0.01, convolution=0.4))
    faster = cost_findings.about_speedup(costs)
    assert "slower for `vgg16`. Our BN" in faster
    assert faster.endswith("slower for `preact18`.")
    assert "over 2 networks of the study" in faster
    assert "in 1 of 3 networks: `resnet18d` (20.00×)" in cost_findings.about_roots(costs)
    assert "the longest is convolution in 1 network (`vgg16`)" in cost_findings.about_parts(costs)


def test_a_missing_variant_is_not_run_and_the_others_are_told(tmp_path):
    costs = measured(tmp_path, step_rows("vgg16", nd_every4=0, bn_original=0, none=0))
    ratios = cost_findings.about_ratios(costs)
    assert "computing BN: not run" in ratios
    assert "an approximation, over our BN: not run" in ratios
    assert "over 1 network of the study" in ratios
    assert "Our BN step" not in cost_findings.about_speedup(costs)
    assert "ND over BN would be" not in cost_findings.about_floor(costs)
    assert "without normalisation" not in cost_findings.about_memory(costs)
    assert values(costs, (ND, EVERY4)) == {}
