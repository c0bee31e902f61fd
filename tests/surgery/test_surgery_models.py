"""Models that nobody here wrote: `ndcore.deconvolve` works or refuses with a reason, and is never wrong.

"Works": before training the converted model computes what the given one does, some ordinary steps leave loss and
evaluation finite, and the folded model computes what the trained one does. The ordinary run takes the small models;
`make test-all` takes all.
"""

from __future__ import annotations

import model_list_own
import pytest
from model_check import check
from model_list import EXPECTED, MODELS, Entry
from model_list_dense import ZeroRegions

import ndcore

FAST = {"timm-test_resnet", "timm-test_efficientnet", "timm-test_vit"}


def marks(entry: Entry) -> list[pytest.MarkDecorator]:
    return [] if entry.source == "own" or entry.id in FAST else [pytest.mark.all_models]


@pytest.mark.filterwarnings("ignore")  # of what timm and torchvision import, and of torch about their models
@pytest.mark.parametrize("entry", [pytest.param(entry, id=entry.id, marks=marks(entry)) for entry in MODELS])
def test_it_works_or_is_refused_with_a_reason(entry):
    if entry.source != "own":
        pytest.importorskip(entry.source)
    outcome = check(entry)
    verdict, words = EXPECTED.get(entry.id, ("works", ""))
    assert (outcome.verdict, words in outcome.detail) == (verdict, True), outcome


def test_the_list_names_every_expectation_and_no_model_twice():
    ids = [entry.id for entry in MODELS]
    assert len(set(ids)) == len(ids)
    assert EXPECTED.keys() <= set(ids)


def test_no_region_gives_no_result():
    x, regions = model_list_own.regions()
    new = ndcore.deconvolve(ZeroRegions()).train()
    new(x, regions)
    for network in (new.eval(), ndcore.fold(new)):
        assert network(x, regions[:0]).shape == (0, 3)
