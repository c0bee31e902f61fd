"""Every network has the layers of the original one: counts, geometry, whitening, order of execution, multiply-adds."""

from __future__ import annotations

import model_facts
import pytest
from model_facts import PAIRS

REQUIRED = (
    *("vgg16", "resnet18", "resnet18d", "preact18", "densenet121", "resnext29", "mobilenetv2", "dpn92", "pnasneta"),
    *("senet18", "efficientnet", "vgg11_imagenet", "resnet18_imagenet", "densenet121_imagenet"),
)
VARIANTS = {
    ("efficientnet_full", "nd"): 2_892_193,  # FINDINGS O-5
    ("preact34", "bn"): 21_279_434,  # FINDINGS O-8
    ("preact34", "nd"): 21_279_434 - 128 - 2 * 7_104 + 8_512,  # without 7,104 normalised channels, with 8,512 biases
    ("resnet18d_full", "nd"): 11_178_634 - 2 * (128 + 256 + 512),  # resnet18d without its three batch normalisations
}
"""Parameters with 10 classes of the study's networks that the tables do not have."""
OF_STUDY = {(row["network"], row["norm"]) for row in model_facts.table("counts.csv")} | set(VARIANTS)


@pytest.mark.parametrize(("name", "norm"), [pair for pair in PAIRS if pair in OF_STUDY])
def test_network_has_the_layers_of_the_original(name: str, norm: str) -> None:
    layers = [row for row in model_facts.table("layers.csv") if (row["network"], row["norm"]) == (name, norm)]
    for num_classes in model_facts.classes(name):
        reading = model_facts.read(name, norm, num_classes)
        assert reading.output == (2, num_classes)
        if (name, norm) in VARIANTS:
            assert num_classes != 10 or reading.counts["params"] == VARIANTS[name, norm]
            assert norm != "nd" or reading.counts["n_batchnorm"] == 0
            continue
        (expected,) = (
            row
            for row in model_facts.table("counts.csv")
            if (row["network"], row["norm"], row["classes"]) == (name, norm, str(num_classes))
        )
        assert {key: str(value) for key, value in reading.counts.items()} == {k: expected[k] for k in reading.counts}
        if num_classes != 100:  # the tables list the networks with 10 or 1000 classes
            columns = [c for c in layers[0] if c not in ("network", "norm", "module")]
            assert [[layer.get(c, "") for c in columns] for layer in reading.layers] == [
                [row[c] for c in columns] for row in layers
            ]


def test_every_network_and_norm_of_the_study_is_there() -> None:
    assert {name for name, _ in OF_STUDY - set(VARIANTS)} == set(REQUIRED)
    assert set(PAIRS) >= OF_STUDY
