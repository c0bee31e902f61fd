"""Numbers of sentences: what is not known is "missing" where a file is damaged, and an error where none is."""

from __future__ import annotations

import pytest

from ndreport.rendering import glued


@pytest.fixture
def given(monkeypatch) -> dict:
    """What a page was given."""
    values = {}
    monkeypatch.setattr(glued, "glue_numbers", lambda page, found: values.update(found))
    return values


def test_what_is_not_known_is_missing_where_a_file_is_damaged(given):
    glued.glue_computed("table10", lambda: {"a": "nan×", "b": 1, "c": "", "d": "nano"}, damaged=True)
    assert [given[name] for name in "abcd"] == ["missing", 1, "missing", "nano"]
    assert given["own_runs"] == "missing"  # asked for, and not computed


@pytest.mark.parametrize("damaged", [True, False])
def test_only_damaged_files_excuse_an_error(given, damaged):
    def numbers():
        raise KeyError("epochs")

    if not damaged:
        with pytest.raises(KeyError):
            glued.glue_computed("table10", numbers, damaged=damaged)
        return
    glued.glue_computed("table10", numbers, damaged=damaged)
    assert set(given.values()) == {"missing"}


def test_names_begin_with_what_they_are_about():
    assert glued.prefixed("running training", bias=1) == {"running_training_bias": 1}


def test_a_name_that_the_module_lacks_is_an_error_that_says_it():
    values = dict.fromkeys(glued.wanted("claim"), 1)
    del values["alpha"]
    with pytest.raises(ValueError, match=r"^book/claim\.ipynb asks for alpha, which its module does not compute$"):
        glued.glue_numbers("claim", values)
