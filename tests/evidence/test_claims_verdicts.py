"""Every verdict on every claim of the committed ledger, with the numbers and how many counter-examples it has."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from claims_material import LEDGER, decisions

from ndreport.evidence.claims import read

EXPECTED = yaml.safe_load(Path(__file__).with_name("verdicts.yaml").read_text())


def test_no_claim_is_without_an_expected_verdict():
    assert [claim.id for claim in read(LEDGER)] == list(EXPECTED)


@pytest.mark.parametrize("name", EXPECTED)
def test_verdicts(name):
    verdicts = decisions()[name].verdicts
    assert list(verdicts) == list(EXPECTED[name])
    for basis, expected in EXPECTED[name].items():
        verdict = verdicts[basis]
        assert (basis, str(verdict.outcome)) == (basis, expected["verdict"])
        assert (basis, len(verdict.counterexamples)) == (basis, expected["against"])
        numbers = {key: verdict.numbers[key] for key in expected["numbers"]}
        assert numbers == pytest.approx(expected["numbers"], abs=0.006)


def test_counter_examples_are_named_with_their_values():
    cases = {case.place: case.values for case in decisions()["re-always-better"].verdict.counterexamples}
    assert cases["CIFAR-100, ResNet-18, 100 epochs"] == {"BN (%)": 97.42, "ND (%)": 94.31}
    assert cases["CIFAR-10, DPN-92, 100 epochs"] == {"BN (%)": 99.96, "ND (%)": 99.96}
    assert cases["ImageNet, DenseNet-121, top-5"] == {"BN (%)": 92.96, "ND (%)": 92.69}
