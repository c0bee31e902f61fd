"""The page on Tables 6 and 7: its sentences, tables and figure."""

from __future__ import annotations

from dataclasses import replace

import pytest
from record_factory import make_record
from shown import behind, shown

from ndreport.evidence.imagenet import imagenet_gains, imagenet_values
from ndreport.evidence.published import Published
from ndreport.evidence.rules import comparisons
from ndreport.material import Material
from ndreport.pages.imagenet.baselines import gains_alt, gains_figure, gains_table, origin_table
from ndreport.pages.imagenet.numbers import numbers
from ndreport.pages.imagenet.tables_6_and_7 import values_table
from ndreport.rendering.glued import wanted


@pytest.fixture(scope="module")
def material(material) -> Material:
    """The published values alone."""
    return replace(material, records=[])


@pytest.fixture(scope="module")
def values(material):
    return imagenet_values(material.published)


def cells(view):
    return [value for _, row in view.iterrows() for value in row]


def on_imagenet(top1: float, **config):
    """A record as it would be of a network on ImageNet, which `ndcore run` does not offer yet."""
    record = make_record(top1, **config)
    changed = {"dataset": "imagenet", "arch": "vgg11_imagenet", "epochs": 90}
    return record.model_copy(update={"config": record.config.model_copy(update=changed)})


def test_the_sentences_hold(material, values):
    found = numbers(material)
    assert wanted("imagenet") <= found.keys()
    assert found["ahead"] == "2 of 3 networks"
    tops = imagenet_gains(values).query("baseline == 'bn'").groupby("arch")
    assert tops["reproduced"].apply(lambda gain: (gain > 0).nunique()).eq(1).all()  # "in top-1 and in top-5 alike"
    assert found["shares"] == found["values"] == 14
    assert found["odds"] == "16,384"
    assert found["from_zoo"] == found["baselines"] == 8
    baselines = values[values["norm"] != "nd"]
    assert (baselines["single"] > baselines["original"]).all()  # "every one of them came out higher"
    gains = imagenet_gains(values).query("baseline == 'bn'")
    assert len(gains) == found["comparisons"] == 6
    assert (gains["reproduced"] < gains["original"]).all()  # "smaller in all comparisons"
    assert (gains["baseline_change"] > gains["nd_change"].abs()).all()  # "mainly because the baseline is better"
    behind = gains[gains["reproduced"] < 0]
    assert set(behind["arch"]) == {"densenet121"}
    assert set(behind["metric"]) == {"top1", "top5"}
    assert (found["densenet121_top1_original"], found["densenet121_top1_reproduced"]) == ("+1.08", "−0.22")
    assert (gains["least_error"] < gains["independent_error"]).all()


def test_the_sentences_about_colours_hold(material):
    found, compared = numbers(material), comparisons(material.published)
    assert (found["all_relative"], found["all_absolute"], found["colours"]) == (120, 131, 134)
    wrong = compared[compared["printed"] != compared["absolute"]].set_index(["dataset", "arch", "norm"])
    assert wrong[["metric", "epochs", "relative", "absolute", "printed"]].to_dict("index") == {
        ("cifar100", "resnext29", "nd"): {
            "metric": "top1", "epochs": 1, "relative": "lower", "absolute": "within", "printed": "lower",
        },
        ("imagenet", "vgg11", "none"): {
            "metric": "top5", "epochs": 90, "relative": "higher", "absolute": "higher", "printed": "within",
        },
        ("imagenet", "resnet18", "nd"): {
            "metric": "top5", "epochs": 90, "relative": "higher", "absolute": "higher", "printed": "within",
        },
    }  # fmt: skip
    equal = compared[compared["original"] == compared["reproduced"]]
    assert equal["absolute"].tolist() == ["within"]  # "one value equals the original's"
    assert found["resnext29_nd_colour"] == "22.68 % for 30.93 % (−8.25 points)"


@pytest.mark.parametrize(
    ("runs", "sentence"), [(0, "None of our own runs is"), (1, "One"), (2, "2 of our own runs are")]
)
def test_our_own_runs_on_imagenet_are_counted(material, runs, sentence):
    records = [make_record(), *(on_imagenet(60.0, seed=seed) for seed in range(runs))]
    assert numbers(replace(material, records=records))["own_runs"].startswith(sentence)


def test_tables_6_and_7_have_the_answer_second_and_every_value(values, material):
    six, seven = (shown(values_table(values, number, material)) for number in (6, 7))
    assert (six.shape, seven.shape) == ((2, 12), (4, 9))
    assert all(value.text.strip() and value.note.strip() for view in (six, seven) for value in cells(view))
    assert [(v.text, v.kind) for v in seven.iloc[:, 0]] == [
        ("yes, +0.86", "good"),
        ("yes, +0.54", "good"),
        ("no, −0.22", "bad"),
        ("no, −0.26", "bad"),
    ]
    assert six.loc["VGG-11, top-1", "reproduction / ND"].text == "71.946"
    assert seven.loc["DenseNet-121, top-1", "original, as printed / ND − BN"].text == "+1.08"
    door = seven.loc["ResNet-18, top-1", "this report / ND"]
    assert door.text == "not run"
    assert "the reproduction's run took 1d,11h, 48 min" in door.note
    assert "top-1 to expect: 71.24 % to 71.58 %" in door.note


def test_how_a_value_compares_is_behind_a_line(values, material):
    six, seven = (behind(values_table(values, number, material)) for number in (6, 7))
    assert (len(six), len(seven)) == (6, 8)
    nd = six.loc["VGG-11, ND, top-1"]
    assert nd["Obadage et al. 2024 / printed"].text == "71.95"
    assert nd["Obadage et al. 2024 / spreadsheet"].text == "71.946"
    assert nd["Obadage et al. 2024 / ± drawing images"].text == "0.201"
    assert nd["Printed against original / difference"].text == "+0.00"
    assert seven.index[0] == "ResNet-18, BN, top-1"
    assert seven.loc["ResNet-18, ND, top-5", "Printed against original / as printed"].text == "black •"


def test_a_record_of_our_own_is_shown(values, material):
    records = [on_imagenet(60.0, norm="nd"), on_imagenet(62.0, norm="nd", seed=1)]
    own = shown(values_table(values, 6, replace(material, records=records)))
    assert [own.loc[f"VGG-11, {top}", "this report / ND"].text for top in ("top-1", "top-5")] == ["61.00", "91.50"]
    assert "2 runs, 2 seeds" in own.loc["VGG-11, top-1", "this report / ND"].note
    assert own.loc["VGG-11, top-1", "this report / BN"].text == "not run"


def test_every_baseline_is_shown_with_its_origin(values):
    view = shown(origin_table(values))
    assert len(view) == 8
    assert {(value.text, value.kind) for value in view["the two are"]} == {("equal", "good")}
    changed = shown(origin_table(values.assign(from_zoo=False)))
    assert {value.kind for value in changed["the two are"]} == {"bad"}
    assert view.loc["DenseNet-121, BN, top-1", "retrained − original"].text == "+1.234"


def test_gains_and_their_figure_state_the_same_values(values):
    gains = imagenet_gains(values)
    dense = shown(gains_table(gains)).loc["DenseNet-121, ND − BN, top-1"]
    assert [dense[name].text for name in ("gain, original", "gain, reproduced")] == ["+1.08", "−0.216"]
    alt = gains_alt(gains)
    assert "DenseNet-121, ND − BN, top-1 +1.08 in the original, −0.22 if both retrained" in alt
    assert alt.count(";") == len(gains) - 1
    assert "<svg" in gains_figure(gains)


def test_without_files_the_page_says_so():
    values = imagenet_values(Published())
    gains = imagenet_gains(values)
    nothing = Material([], [])
    for html in (values_table(values, 6, nothing), origin_table(values), gains_table(gains), gains_figure(gains)):
        assert "nd-empty" in html
