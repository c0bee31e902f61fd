"""What becomes of the records of a fetch: malformed ones are named, and the list that may be committed has no texts."""

from __future__ import annotations

from fake_server import citation, serving

from ndcore import cli
from ndreport.citations.contexts import parse, read_corpus, read_index
from ndreport.citations.semantic_scholar import fetch
from ndreport.citations.snapshots import Snapshot, snapshots

MALFORMED = [
    None,
    "text",
    {"contexts": ["Lost."]},
    {"contexts": ["Lost."], "citingPaper": None},
    {"contexts": ["Lost."], "citingPaper": {"paperId": None, "title": "Unknown"}},
    {"contexts": ["Lost."], "citingPaper": {"paperId": 7}},
    {"contexts": ["Lost."], "citingPaper": {"paperId": "a,b\nc"}},
    citation(1, contexts=None),
    citation(2, contexts="one text"),
    citation(3, "Good.", 5, None, "", " \n ", "Good. \t", "Other\x1b[2J one."),
    {"contexts": [], "citingPaper": {"paperId": "a4", "title": None, "year": "2020"}},
    citation(3, "From the second record of this paper."),
]


def test_malformed_records_are_named_and_the_others_are_used(runs):
    snapshot = Snapshot(runs / "20261021T080000Z")
    with serving(MALFORMED) as server:
        fetch(snapshot, address=server.address)
    corpus = parse(snapshot)
    assert [(p.title, p.year, len(p.contexts)) for p in corpus.papers] == [
        ("Paper 1", 2021, 0),
        ("Paper 2", 2021, 0),
        ("Paper 3", 2021, 3),
        ("", None, 0),
    ]
    assert [c.text for c in corpus.contexts] == ["Good.", "Other [2J one.", "From the second record of this paper."]
    assert corpus.repeated == 1
    assert [(p.file, p.reason) for p in corpus.problems] == [
        *((f"citation {i}", "names no citing paper") for i in range(1, 8)),
        ("citation 9", "its contexts are of type str, not a list"),
        ("citation 10", "one of its contexts is of type int, not a text"),
        ("citation 10", "one of its contexts is of type NoneType, not a text"),
    ]


def test_the_command_writes_a_list_without_texts(runs, capsys):
    with serving([*MALFORMED[:-1], citation(0, "Text 0 about it.")]) as server:
        assert cli.main(["citations", "fetch", "--address", server.address]) == 0
        out = capsys.readouterr().out
        assert "5 citing papers, 3 of them without a context" in out
        assert "left out: citation 1 names no citing paper" in out
        first = list(server.asked)
        assert cli.main(["citations", "fetch", "--address", server.address]) == 0
        assert server.asked == first
        before = snapshots(runs / "citations" / "cache")
        (before[0].folder).rename(before[0].folder.with_name("20200101T000000Z"))
        assert cli.main(["citations", "fetch", "--refresh", "--address", server.address]) == 0
        assert server.asked == first * 2
    index = read_index(runs / "citations" / "contexts.csv")
    corpus = read_corpus(runs / "citations" / "cache")
    assert (index.papers, index.without_context) == (5, 3)
    assert index.keys == {context.key for context in corpus.contexts}
    committed = (runs / "citations" / "contexts.csv").read_text()
    assert all(context.text not in committed for context in corpus.contexts)
