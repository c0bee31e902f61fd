"""The page "The networks": what is counted is what the tables of facts say, and the printed sizes are the study's."""

from __future__ import annotations

import csv

import pytest

from ndcore import models
from ndcore.experiment.folders import PROJECT
from ndcore.study import NETWORKS
from ndreport.evidence.published import Published, load_all
from ndreport.pages import networks

with (PROJECT / "tests" / "fixtures" / "models" / "counts.csv").open(newline="") as file:
    COUNTS = {(r["network"], r["norm"]): r for r in csv.DictReader(file) if r["classes"] in ("10", "1000")}


@pytest.mark.parametrize("name", ["resnet18d", "efficientnet", "vgg11_imagenet"])
def test_counts_are_those_of_the_facts(name):
    for norm in models.describe(name).norms:
        found, facts = networks.counts(name, norm), COUNTS[name, norm]
        assert (found.parameters, found.macs) == (int(facts["params"]), int(facts["macs_per_image"]))
        columns = {"BatchNorm2d": "n_batchnorm", "FastDeconv": "n_fastdeconv", "Delinear": "n_delinear"}
        assert found.layers == {kind: int(facts[column]) for kind, column in columns.items()}


def test_every_network_stands_on_the_page_once():
    both = networks.with_images_of(32) + networks.with_images_of(224)
    assert sorted(both) == list(models.names())


def test_the_printed_sizes_are_there_for_every_network_of_the_tables():
    published = load_all(PROJECT / "runs" / "published")[0]
    printed = networks.printed_sizes(published)
    assert set(printed) == {entry.ours[0] for entry in NETWORKS}
    assert None not in printed.values()
    view = networks.cifar_view(["vgg16", "preact34"], published)
    assert view["printed (million)"].map(lambda value: value.text).tolist() == [
        "14.71 ≠",
        "14.71 =",
        *["not printed"] * 2,
    ]


def test_without_the_file_a_printed_size_is_missing_and_nothing_breaks():
    view = networks.cifar_view(["vgg16", "preact34"], Published())
    cells = view["printed (million)"].tolist()
    assert [value.text for value in cells] == ["missing"] * 2 + ["not printed"] * 2
    assert "damaged" in cells[0].note
    assert networks.printed_million(Published(), "vgg16").startswith("missing")


def test_descriptions_come_from_the_modules():
    text = networks.description("efficientnet")
    assert text.startswith("### efficientnet\n\n**EfficientNet-B0 for CIFAR")
    assert "only the first convolution and the classifier are deconvolved" in text
