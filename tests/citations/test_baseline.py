"""The phrases, label files against each other, and what the commands say about them. All sentences are made up."""

from __future__ import annotations

import pytest

from ndcore import cli
from ndcore.errors import UserError
from ndreport.citations.baseline import NO_RULE, RULES, classify, guesses, read_guesses, write_guesses
from ndreport.citations.contexts import Context
from ndreport.citations.labels import write_labels
from ndreport.citations.snapshots import Snapshot

SENTENCES = {
    "cannot be reproduced": "We were unable to reproduce the accuracy given in [3].",
    "code or data missing": "The code of [3] is not publicly available.",
    "inspired by it": "Inspired by network deconvolution [3], a whitening step is added.",
    "builds on it": "This work builds on the layer of [3].",
    "we use it": "In every block we adopt network deconvolution [3].",
    "uses its code or data": "Models are trained with the official implementation of [3].",
    "reproduces it": "These numbers were reproduced for a fair comparison [3].",
}
NEUTRAL = [
    "Whitening has been studied before [1, 2, 3].",
    "Network deconvolution [3] removes correlations between pixels.",
    "Unlike [3], no covariance is needed; we do not use a whitening layer.",
    "The results of [3] are reproducible.",
]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_every_phrase_decides_its_sentence(rule):
    for text in (SENTENCES[rule.name], SENTENCES[rule.name].upper()):
        assert classify(text).rule == rule.name
        assert classify(text).label == rule.label


@pytest.mark.parametrize("text", NEUTRAL)
def test_a_mention_is_neutral(text):
    assert classify(text).label == "neutral"
    assert classify(text).rule == NO_RULE


def test_a_negative_phrase_outweighs_a_positive_one():
    assert classify("We use the method of [3] but could not reproduce its accuracy.").label == "negative"


def test_guesses_are_read_as_they_were_written(tmp_path):
    found = guesses(Context("p", text) for text in [*SENTENCES.values(), *NEUTRAL])
    write_guesses(tmp_path / "baseline.csv", found)
    assert read_guesses(tmp_path / "baseline.csv") == found
    text = (tmp_path / "baseline.csv").read_text()
    assert "whitening" not in text.lower()
    (tmp_path / "baseline.csv").write_text(text.replace("neutral", "mixed", 1))
    with pytest.raises(UserError, match="label 'mixed'"):
        read_guesses(tmp_path / "baseline.csv")


@pytest.fixture
def contexts(runs) -> list[Context]:
    """Four contexts of two papers, fetched."""
    contexts = [Context(f"p{i % 2}", text) for i, text in enumerate([*list(SENTENCES.values())[2:4], *NEUTRAL[:2]])]
    data = [{"citingPaper": {"paperId": c.paper_id}, "contexts": [c.text]} for c in contexts]
    Snapshot(runs / "citations" / "cache" / "20261021T080000Z").write(0, {"offset": 0, "data": data})
    return contexts


def test_agreement_of_two_people(runs, contexts, capsys):
    folder = runs / "citations"
    keys = [context.key for context in contexts]
    ann = dict(zip(keys, ["positive", "positive", "neutral", "neutral"], strict=True))
    write_labels(folder / "labels-ann.csv", ann)
    write_labels(folder / "labels-bob.csv", ann | {keys[1]: "neutral"})
    assert cli.main(["citations", "agree", "ann", str(folder / "labels-bob.csv")]) == 0
    out = capsys.readouterr().out
    assert "4 contexts have a label in labels-ann.csv (rows) and in labels-bob.csv" in out
    assert "same label: 3 of 4, 95 % interval 0.30 to 0.95" in out
    assert "Cohen's kappa: 0.50, 95 % interval -0.23 to 1.00" in out
    assert f"{' '.join(keys[1])}  labels-ann.csv: positive  labels-bob.csv: neutral" in out
    assert cli.main(["citations", "agree", "ann", "ann"]) == 0
    assert "Cohen's kappa: 1.00, no interval" in capsys.readouterr().out
    write_labels(folder / "labels-eve.csv", {("other", "0" * 16): "neutral"})
    assert cli.main(["citations", "agree", "ann", "eve"]) == 0
    assert capsys.readouterr().out.startswith("0 contexts have a label in")
    assert cli.main(["citations", "agree", "eve", "eve"]) == 0
    assert "not defined, both use one and the same class only" in capsys.readouterr().out
    assert cli.main(["citations", "agree", "ann", "zoe"]) == 2
    assert "labels-zoe.csv cannot be read as CSV" in capsys.readouterr().err


def test_baseline_and_status(runs, contexts, capsys):
    folder = runs / "citations"
    assert cli.main(["citations", "baseline"]) == 0
    out = capsys.readouterr().out
    assert "4 contexts: 2 positive, 2 neutral, 0 negative" in out
    assert "1  builds on it (positive)" in out
    assert "no label file to compare with" in out
    assert cli.main(["citations", "status"]) == 0
    assert "no label file" in capsys.readouterr().out
    labels = {context.key: "neutral" for context in contexts[1:]} | {("gone", "0" * 16): "positive"}
    write_labels(folder / "labels.csv", labels)
    assert cli.main(["citations", "baseline"]) == 0
    out = capsys.readouterr().out
    assert "3 contexts have a label in labels.csv (rows) and in baseline.csv" in out
    assert "same label: 2 of 3" in out
    assert "always answering with the commonest class of labels.csv gives 3 of 3" in out
    assert cli.main(["citations", "status"]) == 0
    out = capsys.readouterr().out
    assert "fetched 2026-10-21: 2 citing papers, 0 of them without a context" in out
    assert "labels.csv: 3 of 4 contexts; 1 positive, 3 neutral, 0 negative; 1 labels of contexts that this" in out


def test_status_of_an_unfinished_fetch(runs, capsys):
    Snapshot(runs / "citations" / "cache" / "20261021T080000Z").write(0, {"offset": 0, "data": [], "next": 100})
    assert cli.main(["citations", "status"]) == 0
    out = capsys.readouterr().out
    assert "no complete fetch" in out
    assert "unfinished fetch 20261021T080000Z: citations from 101 on are missing" in out


def test_a_damaged_label_file_is_one_line(runs, contexts, capsys):
    (runs / "citations" / "labels.csv").write_text("nonsense")
    for step in ("baseline", "status"):
        assert cli.main(["citations", step]) == 2
        assert "labels.csv has the columns nonsense" in capsys.readouterr().err
    assert not (runs / "citations" / "baseline.csv").exists()


def test_wrong_usage_is_exit_code_2(capsys):
    for arguments in (["citations"], ["citations", "lable"], ["citations", "agree", "a"]):
        with pytest.raises(SystemExit) as stop:
            cli.main(arguments)
        assert stop.value.code == 2
    assert "error: " in capsys.readouterr().err
