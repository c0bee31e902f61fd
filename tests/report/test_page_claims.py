"""The ledger as a page: counts, every claim in a row, errors as errors, every counter-example below."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import claims_material
import pandas as pd
import pytest
from bs4 import BeautifulSoup

from ndreport.evidence import corrections, times
from ndreport.evidence.claims import Case, Claim, Decision, Outcome, Verdict
from ndreport.evidence.equivalence import equivalence
from ndreport.evidence.published import Published
from ndreport.material import Material, load
from ndreport.pages import claims
from ndreport.pages.claims.thresholds import OF_CLAIMS, Threshold, thresholds, thresholds_view
from ndreport.rendering.glued import wanted
from ndreport.rendering.html import csv
from ndreport.rendering.stated import NOTHING

RUNS = Path(__file__).parents[2] / "runs"
AGAINST = [Case("CIFAR-10, VGG-16", {"BN (%)": 90.5, "ND (%)": -3}), Case("a <place>", {"in fact": "another run"})]


def claim(ident: str, *sources: str) -> Claim:
    parameters = {"summands": {"a": 1}, "total": 1}
    return Claim(
        id=ident, source=sources, where="§1", statement="It adds up & more.", predicate="adds_up", parameters=parameters
    )


def decided(ident: str, verdict: Verdict, *sources: str) -> Decision:
    return Decision(claim(ident, *sources or ["original"]), {"own": verdict})


def compared(ident: str = "compared") -> Decision:
    """A claim that holds on its own tables, cannot be corrected, and fails on test data."""
    tested_on = {"own": {}, "corrected": "nothing is wrong", "test": {}}
    both = claim(ident, "original").model_copy(update={"tested_on": tested_on})
    return Decision(both, {"own": Verdict(Outcome.HOLDS, {"pairs": 6}), "test": Verdict(Outcome.FAILS, {}, AGAINST)})


@pytest.fixture
def decisions() -> list[Decision]:
    return [
        decided("good", Verdict(Outcome.HOLDS, {"pairs": 1234, "gain (points)": -0.5}), "re-2024", "re-2025"),
        decided("bad", Verdict(Outcome.FAILS, {}, AGAINST)),
        decided("some", Verdict(Outcome.IN_PART, {"tiny": 0.00012}, AGAINST[:1])),
        decided("unknown", Verdict(Outcome.OPEN, {}, missing="test accuracies")),
        Decision(claim("broken", "machine-summary"), errors={"own": "predicate adds_up raised ValueError: <no>"}),
    ]


def test_every_claim_has_a_row_with_an_address_and_a_verdict_in_sign_and_word(decisions):
    soup = BeautifulSoup(claims.ledger_table(decisions), "html.parser")
    rows = soup.select("tbody tr")
    assert [row["id"] for row in rows] == [f"claim-{d.claim.id}" for d in decisions]
    shown = [row.select("td")[0].select_one(".nd-value") for row in rows]
    assert [v.find(string=True, recursive=False) for v in shown] == [*_words(decisions), "error"]
    assert [v.select_one("[aria-hidden]").get_text() for v in shown[:4]] == ["✓ ", "✗ ", "◐ ", "? "]
    assert [set(v["class"]) - {"nd-value", "nd-short"} for v in shown] == [
        {"nd-good"},
        {"nd-bad"},
        {"nd-partial"},
        {"nd-open"},
        {"nd-missing"},
    ]
    box = soup.select_one("#ledger-of-claims")
    assert box.has_attr("data-search")
    heads = [th.get_text() for th in soup.select("thead th")]
    assert [heads[int(i)] for i in box["data-filters"].split()] == [
        "own tables",
        "corrected values",
        "test data",
        "who",
    ]


def _words(decisions) -> list[str]:
    return [str(d.verdict.outcome) for d in decisions if d.verdict]


def test_a_row_says_what_decides_it(decisions):
    view = claims.ledger_view(decisions)
    assert view.loc["good", "numbers"].text == "pairs 1,234; gain (points) −0.50"
    assert view.loc["some", "numbers"].text == "tiny 0.00012"
    assert view.loc["good", "who"].text == "Obadage et al., arXiv 2024; Obadage et al., ReScience C 2025"
    assert "predicate adds_up" in view.loc["bad", "own tables"].note
    assert view.loc["unknown", "own tables"].note.startswith("missing: test accuracies; ")
    assert view.loc["broken", "own tables"].note.startswith("predicate adds_up raised ValueError")
    assert not view.loc["broken", "numbers"].present


def test_every_counter_example_can_be_reached_and_is_there(decisions):
    table = BeautifulSoup(claims.ledger_table(decisions), "html.parser")
    below = BeautifulSoup(claims.counterexamples(decisions), "html.parser")
    links = {a["href"] for a in table.select("a[href^='#against-']")}
    assert links == {f"#{details['id']}" for details in below.select("details")}
    assert {a["href"] for a in below.select("a")} <= {f"#{row['id']}" for row in table.select("tbody tr")}
    items = [item.get_text() for item in below.select("#against-bad li")]
    assert items == ["CIFAR-10, VGG-16: BN (%) 90.50; ND (%) −3", "a <place>: in fact another run"]
    assert "2 counter-examples" in below.select_one("#against-bad summary").get_text()
    assert "No claim has a counter-example" in claims.counterexamples(decisions[:1])


def test_a_claim_counts_for_each_source_and_once_in_all(decisions):
    view = claims.counts_view(decisions).map(lambda value: value.number)
    assert view.loc["Ye et al., ICLR 2020"].tolist() == [0, 1, 1, 1, 0, 3]
    assert view.loc["Obadage et al., arXiv 2024", "holds"] == view.loc["Obadage et al., ReScience C 2025", "holds"] == 1
    assert view.loc["all claims, each once"].tolist() == [1, 1, 1, 1, 1, 5]
    assert "error" not in claims.counts_view(decisions[:4]).columns


def test_errors_are_named_apart_from_verdicts(decisions):
    assert "broken: predicate adds_up raised ValueError: &lt;no&gt;" in claims.error_notice(decisions)
    assert claims.error_notice(decisions[:4]) == ""


def test_the_sentences_hold(decisions):
    found = claims.page_numbers(decisions, [], Material([], []))
    assert wanted("claims") <= found.keys()
    outcomes = ("holds", "in_part", "fails", "open")
    assert [found[name] for name in outcomes] == [1, 1, 1, 1]
    assert (found["statements"], found["counterexamples"]) == (5, 3)
    published = claims_material.decisions()
    assert set(claims.CENTRAL) <= published.keys()
    found = claims.numbers(list(published.values()), Material([], []))
    assert sum(found[name] for name in outcomes) == found["statements"]  # none ended in an error
    assert min(found[name] for name in outcomes) > 1  # "hold", "fail": plural
    assert sum(found[f"test_{name}"] for name in outcomes) == found["test_asked"] < found["statements"]
    assert min(found[f"test_{name}"] for name in ("holds", "fails", "open")) > 1  # plural
    assert found["test_in_part"] == found["lost"] == 1  # "holds in part", "fails": one
    assert found["kept"] + found["lost"] + found["unsure"] == found["own_and_test"]
    assert min(found["kept"], found["unsure"]) > 1
    lengths = {epochs for epochs in (1, 20, 100) if len(accuracies_on_test_data().query("epochs == @epochs"))}
    assert len(lengths) == 1  # "public for one length of training only"


def accuracies_on_test_data() -> pd.DataFrame:
    return claims_material.evidence().on("test").published.averages


def test_verdicts_stand_beside_each_other_and_what_is_not_asked_says_why():
    view = claims.ledger_view([compared()])
    shown = {name: view.loc["compared", name] for name in ("own tables", "corrected values", "test data")}
    assert [value.text for value in shown.values()] == ["holds", "not applicable", "fails"]
    assert (shown["corrected values"].present, shown["corrected values"].note) == (False, "nothing is wrong")
    assert shown["own tables"].note.startswith("pairs 6; predicate adds_up")
    assert view.loc["compared", "against it"].note == "2 on test data; all of them are below the table"
    soup = BeautifulSoup(claims.counterexamples([compared()]), "html.parser")
    assert [p.get_text() for p in soup.select("#against-compared > p")][1:] == ["On test data:"]


def test_verdicts_are_counted_for_each_basis(decisions):
    view = claims.bases_view([*decisions, compared()]).map(lambda value: value.number)
    assert view.loc["own tables"].tolist() == [2, 1, 1, 1, 0, 1]
    assert view.loc["test data"].tolist() == [0, 0, 1, 0, 5, 0]
    found = claims.numbers([*decisions, compared()], Material([], []))
    assert (found["test_asked"], found["own_and_test"], found["kept"], found["lost"]) == (1, 1, 0, 1)


def test_the_central_and_the_open_claims_are_listed(decisions):
    assert claims.open_claims(decisions) == '- own tables: test accuracies, for <a href="#claim-unknown">unknown</a>'
    assert "every statement could be decided" in claims.open_claims(decisions[:1])
    central = [decided("re-always-better", Verdict(Outcome.FAILS, {"pairs": 66}, AGAINST))]
    link = '<a href="#claim-re-always-better">re-always-better</a>'
    assert claims.central_claims(central).endswith(f"own tables **fails** (pairs 66); {link}")
    assert claims.central_claims([]) == claims.open_claims([]) == NOTHING


def test_without_a_ledger_the_page_is_still_a_page():
    for part in (claims.counts_table([]), claims.ledger_table([])):
        assert "nothing to show" in part


def test_the_table_is_saved_with_its_sources(decisions):
    saved = pd.read_csv(io.StringIO(csv(claims.ledger_view(decisions), "Claim")))
    assert saved["against it"].tolist() == ["0", "2", "1", "0", "none"]
    assert "own tables (source)" in saved.columns


def test_a_damaged_ledger_is_a_problem_of_the_page(tmp_path):
    published = tmp_path / "published"
    published.mkdir()
    text = (RUNS / "published" / "claims.yaml").read_text()
    (published / "claims.yaml").write_text(text.replace("predicate: nd_ahead\n", "predicate: nd_ahaed\n", 1))
    material = load(tmp_path)
    assert material.claims == []
    problem = next(p for p in material.problems if p.file == "published/claims.yaml")
    assert "unknown predicate 'nd_ahaed': did you mean nd_ahead" in problem.reason
    (published / "claims.yaml").write_text(text)
    assert len(load(tmp_path).claims) >= 45


@pytest.fixture(scope="module")
def tried(material) -> dict[str, Threshold]:
    found = thresholds(list(claims_material.decisions().values()), claims.evidence_of(material), material)
    return {threshold.where: threshold for threshold in found}


def test_a_threshold_gives_what_the_ledger_and_the_pages_say(tried, material):
    for ident, (parameter, _, _) in OF_CLAIMS.items():
        decision, threshold = claims_material.decisions()[ident], tried[f"claim {ident}"]
        assert threshold.chosen == decision.claim.parameters[parameter]
        assert threshold.results[threshold.chosen] == str(decision.verdict.outcome)
    equal = equivalence(material.published, material.margin).query("without == ''")["equivalent"].sum()
    assert tried["page Does the claim hold?"].results[0.5] == f"{equal} of 6 equal"
    attempts = corrections.attempts(material.published)["correction"]
    assert attempts.str.contains("did not finish").sum() == 1
    assert tried["corrected values"].results[0.75] == "1 run"
    far = times.far_attempts(times.settings(material.published.times))
    assert tried["page Training times"].results[1.5] == f"{len(far)} attempts"


def test_other_values_of_a_threshold_give_other_results(tried, material):
    assert [threshold.where for threshold in tried.values() if threshold.stays] == [
        "claim summary-no-overhead-at-inference"
    ]
    found = claims.page_numbers([], list(tried.values()), material)
    assert (found["thresholds"], found["unmoved"]) == (9, 1)
    row = thresholds_view(list(tried.values())).loc["share of all values that is “few”"]
    assert row["other values give"].text == "0.1 and 0.2: fails; 0.3: holds in part; 0.4 and 0.5: holds"
    assert (row["chosen"].text, row["gives"].text, row["result"].text) == ("0.25", "holds in part", "depends on it")


def test_every_parameter_of_ours_is_among_the_thresholds():
    """Parameters that a claim states itself, or that say what is asked, are no thresholds."""
    stated = {"expected", "total", "low", "high", "threshold", "short", "long", "start", "end", "networks", "epochs"}
    stated |= {"cifar_runs", "cifar_printed", "imagenet_printed", "attempts_each"}
    counted = {"seconds", "tolerance"}  # the printed minute; the rounding of single precision
    ours = {
        (claim.id, name)
        for claim in claims_material.claims().values()
        for name, value in claim.parameters.items()
        if isinstance(value, int | float) and not isinstance(value, bool) and name not in stated | counted
    }
    assert ours == {(ident, parameter) for ident, (parameter, _, _) in OF_CLAIMS.items()}


def test_without_files_no_threshold_of_a_rule_is_shown(material):
    gone = replace(material, published=Published(), margin=None)
    assert thresholds([], claims.evidence_of(gone), gone) == []
    assert "nothing to show" in claims.thresholds_table([])
