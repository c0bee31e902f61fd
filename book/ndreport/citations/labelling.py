"""Labelling contexts by hand, one after the other, in a terminal. Plain text: no colour, no cursor movements."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Sequence
from pathlib import Path

from ndreport.citations.contexts import Context, Key
from ndreport.citations.labels import read_labels, write_labels

ANSWERS = {"p": "positive", "n": "neutral", "-": "negative"}
QUESTION = "p positive, n neutral, - negative, s skip, u undo, q quit: "
INTRODUCTION = (
    "Judge the text alone. Positive: data, code or a key concept of the paper is used again. Negative: its data or "
    "code are said to be missing, or an attempt to reproduce it to have failed. Neutral: everything else."
)
WIDTH = 100


def in_order(contexts: Sequence[Context]) -> list[Context]:
    """The order in which contexts are shown: by digest, so that those of one paper do not stand together and every
    person sees the same order."""
    return sorted(contexts, key=lambda context: context.key[::-1])


def label_all(
    contexts: Sequence[Context],
    path: Path,
    ask: Callable[[str], str],
    show: Callable[[str], object],
    width: int = WIDTH,
) -> dict[Key, str]:
    """Ask for the label of every context that a label file does not have yet; the file is written after every answer.

    Args:
        path: of the label file; a file that exists is continued.
        ask: shows a question and gives the answer; EOFError, as the end of the input, is taken as "quit".
        show: shows a text.
        width: characters per line.

    Returns:
        All labels of the file.

    Raises:
        UserError: the label file is damaged, or cannot be written.
    """
    labels = read_labels(path) if path.exists() else {}
    open_contexts = [context for context in in_order(contexts) if context.key not in labels]
    known = len(contexts) - len(open_contexts)
    show(f"{known} of {len(contexts)} contexts have a label in {path}.")
    if open_contexts:
        show(textwrap.fill(INTRODUCTION, width))
    position = 0
    while position < len(open_contexts):
        context = open_contexts[position]
        show(f"\n[{known + position + 1} of {len(contexts)}]\n{_shown(context, width)}")
        answer = _answer(ask)
        if answer == "q":
            break
        if answer in ANSWERS:
            labels[context.key] = ANSWERS[answer]
            write_labels(path, labels)
            position += 1
        elif answer == "s":
            position += 1
        elif answer == "u" and position:
            position -= 1
            if labels.pop(open_contexts[position].key, None):
                write_labels(path, labels)
        elif answer == "u":
            show("This is the first context of this session, there is nothing to undo.")
        else:
            show(f"{answer!r} is none of the answers.")
    return labels


def _answer(ask: Callable[[str], str]) -> str:
    try:
        return ask(QUESTION).strip().lower()
    except EOFError:
        return "q"


def _shown(context: Context, width: int) -> str:
    return textwrap.fill(context.text, width, initial_indent="  ", subsequent_indent="  ")
