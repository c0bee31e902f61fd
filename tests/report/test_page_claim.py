"""The page on the claim: its tables and its figure, and that its sentences still say what the numbers say."""

from __future__ import annotations

from dataclasses import replace

import pytest
from bs4 import BeautifulSoup
from record_factory import make_record

from ndcore.study import NETWORKS
from ndreport.evidence.equivalence import equivalence
from ndreport.evidence.families import paired_tests
from ndreport.evidence.paired import ALPHA
from ndreport.evidence.published import Published
from ndreport.evidence.repeats import against_spread
from ndreport.evidence.series import paired_values
from ndreport.material import Material
from ndreport.pages.claim.forest import forest_alt, forest_figure, forest_rows
from ndreport.pages.claim.numbers import about_ours, numbers
from ndreport.pages.claim.statistics import equivalence_table, printed_verdicts, repeats_table, statistics_table
from ndreport.rendering.glued import wanted

LOGGED = {("cifar10", 20), ("cifar100", 20)}
EMPTY = Published()


@pytest.fixture(scope="module")
def material(material) -> Material:
    """The published values alone."""
    return replace(material, records=[])


@pytest.fixture(scope="module")
def values(material):
    return paired_values(material.published, [])


@pytest.fixture(scope="module")
def tested(values):
    return paired_tests(values)


@pytest.fixture(scope="module")
def found(material, values, tested):
    return numbers(values, tested, material)


def texts(html: str) -> list[list[str]]:
    """What every cell of a table shows, without its note."""
    page = BeautifulSoup(html, "html.parser")
    for note in page.select(".nd-note"):
        note.decompose()
    return [[cell.get_text(strip=True) for cell in row.find_all(["th", "td"])] for row in page.select("tbody tr")]


def ratio(text: str) -> float:
    """1 for "10 of 10"."""
    part, whole = text.split()[0:3:2]
    return float(part) / float(whole)


def test_the_sentences_hold(found):
    assert wanted("claim") <= found.keys()
    for dataset in ("cifar10", "cifar100"):
        # "every one of its networks", "the claim holds"
        assert found[f"{dataset}_ahead"] == found[f"{dataset}_original"] == f"{len(NETWORKS)} of {len(NETWORKS)}"
        assert float(found[f"{dataset}_holm"]) < ALPHA
        assert found[f"{dataset}_interval"].startswith("+")
    assert ratio(found["apart"]) == 1  # "no BN run reaches any ND run", "proven"
    assert ratio(found["original_all"]) == 1  # "in every network"
    assert ratio(found["printed_first"]) == 1  # "suggested"
    assert ratio(found["printed_all"]) < 1  # "ND is not ahead in all networks in"
    assert float(found["unpaired_p"]) > ALPHA < float(found["repeats_p"])  # "not testable with 3 repeats"
    assert float(found["imagenet_p"]) > ALPHA  # "not testable"
    assert float(found["least_p"]) < ALPHA
    assert float(found["least_ratio"]) > 1  # "times the standard deviation of one run"
    assert ratio(found["imagenet_original"]) == 1 > ratio(found["imagenet_reproduced"])  # "only signs"
    assert found["least_network"] == "PNASNet-18, CIFAR-10 after 20 epochs"
    assert found["cifar10_farthest"] == "BN of PNASNet-18 on CIFAR-10"
    assert found["cifar100_farthest"] == "ND of ResNet-18 on CIFAR-100"


def test_the_lists_of_settings_hold(material, tested):
    assert {(t.dataset, t.epochs) for t in tested if t.who == "logs"} == LOGGED
    verdicts = {place: value.text for place, value in printed_verdicts(material.published).items()}
    assert verdicts.pop(("cifar10", 1)) == "test: suggested"  # "very probably test accuracies"
    rest = {place for place in verdicts if place not in LOGGED}
    assert rest == {("cifar100", 1), ("cifar10", 100), ("cifar100", 100)}  # "the reproduction's other settings"
    assert all(verdicts[place].startswith("running training") for place in rest)
    equal = equivalence(material.published, material.margin)
    shown = {(r.dataset, bool(r.without)): set() for r in equal.itertuples()}
    for row in equal[equal["equivalent"]].itertuples():
        shown[row.dataset, bool(row.without)].add(row.quantity)
    assert shown == {("cifar10", False): {"nd"}, ("cifar100", False): set(), ("cifar100", True): {"nd"}}


def test_without_the_margin_or_imagenet_the_rest_is_computed(material, values, tested, found):
    published = replace(material.published, imagenet=EMPTY.imagenet)
    without = numbers(values, tested, replace(material, margin=None, published=published))
    assert {"fraction", "cifar10_margin", "left_out", "imagenet", "vgg11_original"} <= found.keys() - without.keys()
    assert without.items() <= found.items()


def test_numbers_turn_with_the_data(material):
    recovered = material.published.recovered.copy()
    nd = recovered.query("dataset == 'cifar10' and arch == 'senet18' and norm == 'nd' and split == 'test'")
    recovered.loc[nd.index, "value"] -= 5
    changed = replace(material, published=replace(material.published, recovered=recovered))
    values = paired_values(changed.published, [])
    assert numbers(values, paired_tests(values), changed)["cifar10_ahead"] == "9 of 10"


@pytest.mark.parametrize(
    ("archs", "expected"),
    [
        ([], "no pair with equal seeds yet"),
        (["resnet18"], "CIFAR-10 after 1 epoch: ND ahead in 1 of 1 network, too few for a test"),
        (["resnet18", "vgg16"], "CIFAR-10 after 1 epoch: ND ahead in 2 of 2 networks, too few for a test"),
    ],
)
def test_our_own_runs_are_counted(archs, expected):
    records = [make_record(top1, arch=arch, norm=norm) for arch in archs for norm, top1 in (("bn", 40.0), ("nd", 58.0))]
    assert about_ours(paired_tests(paired_values(EMPTY, records))) == expected


def test_statistics_table_marks_what_is_not_test_not_testable_and_not_run(material):
    records = [make_record(40.0), make_record(58.0, norm="nd")]
    tested = paired_tests(paired_values(material.published, records))
    main, _, signs = statistics_table(tested, printed_verdicts(material.published)).partition("<details")
    rows = texts(main)
    assert len(rows) == 6 + 2 + 6 + 6
    printed = [row for row in rows if row[1] == "reproduction, as printed"]
    assert sum("running training" in row[2] for row in printed) == 4
    ours = [row for row in rows if row[1] == "this report, test"]
    assert [row[3] for row in ours].count("not run") == 5
    assert ours[0][8] == "not testable"
    assert [row[4] for row in texts(signs) if row[1] == "this report, test"][:2] == ["not testable", "not run"]


def test_forest_plot_states_every_network_and_summary(material, values, tested):
    rows = forest_rows(material.published, values)
    assert len(rows) == 20
    assert ((rows["low"] <= rows["logs"]) & (rows["logs"] <= rows["high"])).all()
    alt = forest_alt(rows, tested)
    assert "VGG-16 +2.47 (runs +2.12 to +2.78), original +3.18" in alt
    assert alt.count("over the networks") == 2
    assert "<svg" in forest_figure(rows, tested)


def test_forest_plot_without_a_printed_value_says_that_it_is_missing(material, values, tested):
    """As where the file of the printed values is damaged."""
    logs = values[values["who"] == "logs"]
    alt = forest_alt(forest_rows(material.published, logs), [t for t in tested if t.who == "logs"])
    assert "VGG-16 +2.47 (runs +2.12 to +2.78), original missing" in alt
    assert "nan" not in alt


def test_missing_files_are_said():
    nothing = paired_values(EMPTY, [])
    assert "could not be read" in forest_figure(forest_rows(EMPTY, nothing), [])
    assert "could not be read" in repeats_table(against_spread(EMPTY))
    assert "could not be read" in equivalence_table(equivalence(EMPTY, None))
    assert {row[3] for row in texts(statistics_table(paired_tests(nothing), {}))} == {"missing", "not run"}
