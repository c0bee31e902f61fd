"""The page of the ablation on records made by hand: table, figure, sentences; complete, in part, not run, damaged."""

from __future__ import annotations

import re

import pytest
from record_factory import make_record, write_ablation

from ndcore.experiment.ablation import FACTORS, Budget, plan
from ndreport.pages.ablation import sentences
from ndreport.pages.ablation.figure import ablation_figure, alt_text, factor_points
from ndreport.pages.ablation.runs import load, top1
from ndreport.pages.ablation.table import ablation_table, ablation_view, record_sections

BUDGET = Budget()


@pytest.fixture
def folder(tmp_path):
    write_ablation(tmp_path)
    return tmp_path


def timed(seconds: float, machine: str = "Example CPU", top1: float = 50.0, **config):
    """A record of the budget with its training seconds and processor set."""
    record = make_record(top1, **(BUDGET.config().options() | config))
    (epoch,) = record.epochs
    epoch = epoch.model_copy(update={"seconds": epoch.seconds.model_copy(update={"train": seconds})})
    environment = record.environment.model_copy(update={"cpu": machine})
    return record.model_copy(update={"epochs": (epoch,), "environment": environment}).sealed()


def test_every_run_of_the_plan_has_a_row_and_every_cell_a_source(folder):
    view = ablation_view(load(BUDGET, folder))
    assert len(view) == len(plan(BUDGET))
    assert view.index.is_unique
    values = [value for _, row in view.iterrows() for value in row]
    assert all(v.text.strip() and v.note.strip() for v in values)
    assert view.loc["sampling stride 2", "minus default (points)"].text == "+0.00 ± 0.00"
    assert view.loc["BN, seed 1", "minus default (points)"].text.startswith("−8.00 ± ")
    assert "ndcore run" in view.loc["sampling stride 2", "test (%)"].note
    assert view.loc["Newton–Schulz iterations 3", "test (%)"].text == "failed"


def test_every_link_leads_to_a_record_on_the_same_page(folder):
    ablation = load(BUDGET, folder)
    links = set(re.findall(r'href="#([^"]+)"', ablation_table(ablation)))
    sections = record_sections(ablation)
    ids = re.findall(r' id="([^"]+)"', sections)
    assert links == set(ids)
    assert len(ids) == len(set(ids)) == len(plan(BUDGET))
    assert sections.count("Save this record") == len(ids)
    assert "--update-every" in sections


def test_time_is_in_units_of_the_mean_default_on_the_same_machine(tmp_path):
    for record in (
        timed(90),
        timed(110, seed=1),
        timed(40, update_every=4),
        timed(40, machine="Other CPU", update_every=8),
    ):
        record.write(tmp_path)
    view = ablation_view(load(BUDGET, tmp_path))["time / default"]
    assert view["ND default, seed 0"].number == pytest.approx(0.9)
    assert view["steps per update (k) 4"].text == "0.40"
    assert view["steps per update (k) 8"].text == "not comparable"
    assert view["sampling stride 2"].text == "not run"
    drawn = factor_points(load(BUDGET, tmp_path), FACTORS[0])
    assert drawn["value"].tolist() == [1, 4, 8]
    assert drawn["time"].isna().tolist() == [False, False, True]


def test_accuracy_on_other_images_is_not_compared(tmp_path):
    timed(100).write(tmp_path)
    other = timed(100, update_every=2)
    data = other.data.model_copy(update={"fingerprint": {"train": "99" * 32, "test": "88" * 32}})
    other.model_copy(update={"data": data}).write(tmp_path)
    ablation = load(BUDGET, tmp_path)
    assert ablation_view(ablation).loc["steps per update (k) 2", "minus default (points)"].text == "not comparable"
    assert "**2**: other images" in sentences.about_factors(ablation)


def test_the_figure_states_every_drawn_value_in_words(folder):
    ablation = load(BUDGET, folder)
    figure, words = ablation_figure(ablation), alt_text(ablation)
    assert 'role="img"' in figure
    assert words in figure.replace("&#x27;", "'")
    assert "the default over 3 seeds: 46.00 %" in words
    assert "batch normalisation over 3 seeds: 38.00 %" in words
    assert "Newton–Schulz iterations: 4: 45.00 %, time 1.00, 5: 45.00 %" in words
    assert "3:" not in words.split("Newton–Schulz")[1]
    for factor in FACTORS:
        assert factor.name in figure


def test_sentences_carry_computed_numbers(folder):
    ablation = load(BUDGET, folder)
    budget = sentences.about_budget(BUDGET)
    assert "first **6,400** of 50,000 training images" in budget
    assert "**50** steps of 128" in budget
    assert "all 10,000 test images" in budget
    assert "one epoch" not in sentences.about_budget(Budget(epochs=2, train_images=None))
    assert "**782** steps" in sentences.about_budget(Budget(epochs=2, train_images=None))
    assert "**17** of 18 runs have a record, 1 run failed" in sentences.about_progress(ablation)
    noise = sentences.about_noise(ablation)
    assert "The default, 3 seeds: test top-1 **46.00 %**, from 45.00 to 47.00 %; time × 1.00" in noise
    assert "Batch normalisation, 3 seeds: test top-1 **38.00 %**" in noise
    factors = sentences.about_factors(ablation)
    assert "Newton–Schulz iterations (default 5): **3**: failed; **4**: +0.00 (+0.00), time × 1.00" in factors
    assert "The 3 seeds of the default already span 2.00 points, and the one that" in factors
    assert "is the lowest of them" in factors


@pytest.mark.parametrize("exists", [True, False])
def test_without_records_everything_says_not_run(tmp_path, exists):
    ablation = load(BUDGET, tmp_path if exists else tmp_path / "nowhere")
    assert ablation.problem_notice() == ""
    assert record_sections(ablation) == ""
    cells = ablation_view(ablation).drop(columns="run").to_numpy().ravel()
    assert {value.text for value in cells} == {"not run"}
    assert "nothing to draw" in ablation_figure(ablation)
    assert "None of the 18 runs" in sentences.about_progress(ablation)
    assert "no level" in sentences.about_noise(ablation)
    assert "nothing to compare" in sentences.about_factors(ablation)


def test_a_single_variation_without_its_default_is_shown(tmp_path):
    timed(40, top1=51.0, n_iter=4).write(tmp_path)
    ablation = load(BUDGET, tmp_path)
    view = ablation_view(ablation).loc["Newton–Schulz iterations 4"]
    assert view["test (%)"].text == "51.00"
    assert (view["minus default (points)"].text, view["time / default"].text) == ("not comparable", "not comparable")
    assert "Newton–Schulz iterations: 4: 51.00 %." in alt_text(ablation)
    assert "<svg" in ablation_figure(ablation)


def test_progress_is_told_for_one_run(tmp_path):
    timed(40, n_iter=4).write(tmp_path)
    said = sentences.about_progress(load(BUDGET, tmp_path))
    assert said.startswith("**1** of 18 runs has a record, no runs failed. It was made on 2025-01-02 on 1 machine: cpu")
    timed(40, seed=1).write(tmp_path)
    assert sentences.about_noise(load(BUDGET, tmp_path)).startswith(
        "- The default, 1 seed: test top-1 **50.00 %**; time"
    )


def test_bad_and_foreign_files_are_named_and_other_budgets_left_out(folder):
    (folder / "damaged.json").write_text('{"schema": ')
    make_record(**Budget(train_images=12_800).config().options()).write(folder)
    ablation = load(BUDGET, folder)
    assert "damaged.json" in ablation.problem_notice()
    assert len(ablation.records) == len(plan(BUDGET))


def test_a_run_that_failed_first_and_then_succeeded_is_complete(tmp_path):
    options = BUDGET.config(n_iter=3).options()
    make_record(failed=True, **options).write(tmp_path)
    record = make_record(40.0, **options)
    record.write(tmp_path)
    ablation = load(BUDGET, tmp_path)
    assert [top1(r) for r in ablation.records] == [40.0]
    assert ablation_view(ablation).loc["Newton–Schulz iterations 3", "test (%)"].text == "40.00"
