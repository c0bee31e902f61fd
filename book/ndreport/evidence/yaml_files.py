"""YAML files that people wrote: a value, or a `ValueError` with one printable line (see `ndcore.foreign`)."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from pathlib import Path
from typing import Any

import yaml

from ndcore.foreign import read_text, refusing

LIMIT = 2**20
"""Bytes. YAML is read in pure Python, a megabyte in about ten seconds; ours have some ten thousand bytes."""
MOST_VALUES = 100_000
MERGE = "tag:yaml.org,2002:merge"


class _Loader(yaml.SafeLoader):
    """No key twice, and no merge keys: a few lines of them multiply into more than any memory."""

    def flatten_mapping(self, node: yaml.MappingNode) -> None:
        if any(key.tag == MERGE for key, _ in node.value):
            raise ValueError(f"line {node.start_mark.line + 1} holds a merge key (<<), which is not read here")

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        found = super().construct_mapping(node, deep=deep)
        if len(found) < len(node.value):
            raise ValueError(f"a key is there twice in the entry of line {node.start_mark.line + 1}")
        return found


@refusing
def read_yaml(path: Path) -> Any:
    """The value in a YAML file.

    Raises:
        ValueError: as `ndcore.foreign.read_text`, at most `LIMIT`; or it is not YAML, holds a key twice, a merge key,
            text that cannot be written again, or aliases that make more than `MOST_VALUES` of it.
    """
    try:
        value = yaml.load(read_text(path, LIMIT), Loader=_Loader)
    except yaml.YAMLError as error:
        raise ValueError(str(error)) from None
    for number, part in enumerate(_parts(value)):
        if number > MOST_VALUES:
            raise ValueError(f"it holds more than {MOST_VALUES} values")
        if isinstance(part, str):
            part.encode()  # fails on half of a surrogate pair
    return value


def _parts(value: Any) -> Iterator[Any]:
    """A value and everything in it."""
    yield value
    if isinstance(value, dict):
        for pair in value.items():
            yield from _parts(pair)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from _parts(part)
