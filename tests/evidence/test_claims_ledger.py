"""The ledger as a file: valid, complete, and every mistake in it one clear line; errors are no verdicts."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from claims_material import LEDGER, claims, decisions, evidence, published
from hypothesis import given
from hypothesis import strategies as st

from ndcore.errors import UserError
from ndreport.evidence.claims import Case, Outcome, Verdict, decide, load, problems, read
from ndreport.evidence.claims.bases import BASES
from ndreport.evidence.claims.claim import MOST_WORDS, SOURCES
from ndreport.evidence.claims.registry import known, predicate
from ndreport.evidence.claims.verdict import every, parts
from ndreport.evidence.published import FILES

FIRST = {
    "id": "a-claim",
    "source": ["re-2025"],
    "where": "§1",
    "statement": "Parts add up.",
    "predicate": "adds_up",
    "parameters": {"summands": {"a": 1, "b": 2}, "total": 3},
}


def written(folder: Path, *entries: dict) -> Path:
    path = folder / "claims.yaml"
    path.write_text(yaml.safe_dump(list(entries)))
    return path


def test_the_committed_ledger_is_valid_and_large_enough():
    assert len(claims()) >= 45
    assert load(LEDGER.parent)[1] == []
    by_source = Counter(key for claim in claims().values() for key in claim.source)
    assert set(by_source) == set(SOURCES)
    assert all(len(claim.statement.split()) <= MOST_WORDS for claim in claims().values())


def test_every_predicate_is_used_and_every_claim_has_a_verdict():
    assert {claim.predicate for claim in claims().values()} == set(known())
    assert [d.claim.id for d in decisions().values() if d.error] == []


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"predicate": "adds_upp"}, "unknown predicate 'adds_upp': did you mean adds_up"),
        ({"statement": "word " * (MOST_WORDS + 1)}, f"{MOST_WORDS + 1} words"),
        ({"data": ["acuracies.csv"]}, "unknown file 'acuracies.csv': did you mean accuracies.csv"),
        ({"data": ["accuracies.csv"]}, "predicate adds_up looks at nothing; data says accuracies.csv"),
        ({"parameters": {"summands": {}}}, "cannot take its parameters: missing a required argument: 'total'"),
        ({"parameters": FIRST["parameters"] | {"sum": 1}}, "unexpected keyword argument 'sum'"),
        ({"source": ["re-2026"]}, "unknown source 're-2026'"),
        ({"source": []}, "source"),
        ({"id": "A Claim"}, "id: String should match"),
        ({"verdict": "holds"}, "verdict: Extra inputs are not permitted"),
        ({"tested_on": {"tset": {}}}, "unknown basis 'tset': did you mean test"),
        ({"tested_on": {"test": {"sum": 1}}}, "unexpected keyword argument 'sum'"),
        ({"tested_on": {"own": "nobody knows"}}, "the claim is not tested on any values"),
    ],
)
def test_a_mistake_in_an_entry_is_one_line_with_the_claim(tmp_path, change, expected):
    path = written(tmp_path, FIRST | {"id": "other"}, FIRST | change)
    with pytest.raises(UserError, match=re.escape(expected)) as error:
        read(path)
    assert "\n" not in str(error.value)
    assert f"claim {change.get('id', 'a-claim')}: " in str(error.value)
    assert [p.file for p in load(tmp_path)[1]] == ["published/claims.yaml"]


def test_an_id_is_there_once(tmp_path):
    with pytest.raises(UserError, match="claim a-claim: this id is there twice"):
        read(written(tmp_path, FIRST, FIRST))


@pytest.mark.parametrize("text", ["- [", "just words", "- 1\n- 2", ""])
def test_a_file_that_is_no_ledger_is_one_line(tmp_path, text):
    (tmp_path / "claims.yaml").write_text(text)
    with pytest.raises(UserError, match=r"claims\.yaml") as error:
        read(tmp_path / "claims.yaml")
    assert "\n" not in str(error.value)


def test_a_missing_or_binary_file_is_a_problem(tmp_path):
    assert "cannot be read" in load(tmp_path)[1][0].reason
    (tmp_path / "claims.yaml").write_bytes(b"\xff\xfe\x00")
    assert load(tmp_path)[1]


def test_a_predicate_that_raises_is_an_error_and_no_verdict(tmp_path):
    claim = claims()["re-released-weights"].model_copy(update={"parameters": {"split": "test", "epochs": None}})
    decision = decide(claim, evidence())
    assert decision.verdict is None
    assert decision.error.startswith("predicate measured_on raised TypeError")
    assert f"claim {claim.id}: predicate measured_on raised" in problems([decision])[0].reason


@pytest.mark.parametrize("name", list(FILES))
def test_a_damaged_file_makes_its_claims_errors(name):
    """The data of every claim is what it needs, no less: each of its files, taken away, ends it in an error."""
    gone = evidence(**{name: FILES[name].empty()})
    found = [decide(claim, gone) for claim in claims().values() if FILES[name].name in claim.data]
    assert {(d.error, *d.errors.values()) for d in found if not d.error} == set()
    assert {error for d in found for error in d.errors.values()} <= {
        f"needs {FILES[name].name}, which could not be read"
    }


def test_a_damaged_file_touches_no_other_claim():
    gone = evidence(imagenet=FILES["imagenet"].empty(), repository=FILES["repository"].empty())
    others = [c for c in claims().values() if {"accuracies.csv"} == set(c.data) or "times.csv" in c.data]
    verdicts = {claim.id: decide(claim, gone).verdicts for claim in others if "imagenet.csv" not in claim.data}
    assert len(verdicts) > 10
    assert verdicts == {name: decisions()[name].verdicts for name in verdicts}


def test_without_the_logs_the_verdict_on_its_own_tables_stays():
    gone = evidence(recovered=FILES["recovered"].empty())
    decision = decide(claims()["re-always-better"], gone)
    assert decision.verdict == decisions()["re-always-better"].verdict
    assert decision.errors == dict.fromkeys(("corrected", "test"), "needs recovered.csv, which could not be read")
    assert [problem.reason for problem in problems([decision])] == [
        "claim re-always-better: needs recovered.csv, which could not be read"
    ]


def test_every_claim_is_decided_or_says_why_not_on_each_basis():
    for claim in claims().values():
        assert claim.asked.keys() | claim.not_asked.keys() == set(BASES), claim.id
        assert not claim.asked.keys() & claim.not_asked.keys(), claim.id
        assert all(claim.not_asked.values()), claim.id


def test_a_predicate_sees_only_what_it_declares():
    shown = evidence().only(["times.csv"])
    assert not shown.published.times.empty
    assert all(getattr(shown.published, name).empty for name in FILES if name != "times")
    assert shown.count is shown.fold is None
    assert shown.operations == {}


def test_registering_refuses_unknown_data_and_a_name_twice():
    with pytest.raises(ValueError, match=r"unknown data other\.csv"):
        predicate("other.csv", about="times")
    with pytest.raises(ValueError, match="'weather' is none of accuracies"):
        predicate(about="weather")
    with pytest.raises(ValueError, match="two predicates adds_up"):
        predicate(about="text")(known()["adds_up"].function)


@given(st.lists(st.booleans(), max_size=5), st.booleans())
def test_parts_hold_all_in_part_or_not_at_all(held, gap):
    verdict = parts({str(i): h for i, h in enumerate(held)}, {}, missing="a table" if gap else "")
    if gap or not held:
        assert verdict.outcome is Outcome.OPEN
    else:
        expected = {True: Outcome.HOLDS, False: Outcome.IN_PART if any(held) else Outcome.FAILS}[all(held)]
        assert verdict.outcome is expected


@given(st.booleans(), st.booleans())
def test_one_counter_example_outweighs_every_gap(against, gap):
    verdict = every({}, [Case("here")] * against, "a table" if gap else "")
    assert verdict.outcome is (Outcome.FAILS if against else Outcome.OPEN if gap else Outcome.HOLDS)


def test_a_verdict_is_open_only_with_what_is_missing():
    with pytest.raises(ValueError, match="missing"):
        Verdict(Outcome.OPEN, {})
    with pytest.raises(ValueError, match="missing"):
        Verdict(Outcome.HOLDS, {}, missing="a table")


def test_derived_tables_are_shared_by_claims_on_the_same_data():
    whole = evidence()
    data = ["accuracies.csv", "times.csv", "recovered.csv"]
    assert whole.only(data).attempts is whole.only(reversed(data)).attempts
    assert whole.only(data, "test").comparisons is whole.only(data, "test").comparisons
    assert replace(whole, published=published()).only(data).attempts.equals(whole.only(data).attempts)
