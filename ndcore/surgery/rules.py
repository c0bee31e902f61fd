"""Which layers are meant: rules for names, types and predicates, and options for some of the layers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

from torch import nn

from ndcore.errors import UserError, unknown_name

Rule = str | type[nn.Module] | Callable[[str, nn.Module], bool]
"""A pattern for qualified names (`*`, `?`, `[…]`; `*` also matches dots), a class of modules, or a predicate of (name,
layer). A pattern or a class that fits a module covers every layer inside it; a predicate sees the layers only."""


def as_rules(rules: Rule | Iterable[Rule] | None, what: str) -> tuple[Rule, ...]:
    """One rule or several, as a tuple.

    Raises:
        UserError: something that is no rule.
    """
    if rules is None:
        return ()
    rules = tuple(rules) if isinstance(rules, (list, tuple, set, frozenset)) else (rules,)
    for rule in rules:
        if not (isinstance(rule, str) or callable(rule)):
            raise UserError(f"{what}={rule!r}: a rule is a name pattern, a module class or a predicate (name, layer)")
    return rules


def require_known(patterns: Iterable[object], model: nn.Module, what: str) -> None:
    """A pattern that fits no module is a mistake.

    Raises:
        UserError: names the pattern and its neighbours.
    """
    names = [name for name, _ in model.named_modules(remove_duplicate=False) if name]
    for pattern in patterns:
        if isinstance(pattern, str) and not any(fnmatchcase(name, pattern) for name in names):
            raise UserError(unknown_name(f"module in {what}", pattern, names[:200]))


def covers(rule: Rule, name: str, model: nn.Module) -> bool:
    """Whether a rule fits the layer of that qualified name, or, patterns and classes, a module around it."""
    if isinstance(rule, str):
        return any(fnmatchcase(prefix, rule) for prefix in _prefixes(name))
    if isinstance(rule, type):
        return any(isinstance(model.get_submodule(prefix), rule) for prefix in ("", *_prefixes(name)))
    return bool(rule(name, model.get_submodule(name)))


def _prefixes(name: str) -> Iterator[str]:
    parts = name.split(".")
    return (".".join(parts[: i + 1]) for i in range(len(parts)))


class Options:
    """Arguments of FastDeconv and Delinear: general ones, and overrides for single layers, the last one of which wins.

    Args:
        general: of the layer class, arguments for all such layers.
        overrides: of a name pattern or module class, arguments of the layers that it covers. They may be known to one
            of the two layer classes only; then the others are not concerned.
        allowed: of the layer class, names of the arguments that exist.

    Raises:
        UserError: an unknown argument.
    """

    def __init__(
        self,
        general: Mapping[type, Mapping[str, Any]],
        overrides: Mapping[str | type, Mapping[str, Any]],
        allowed: Mapping[type, Sequence[str]],
    ) -> None:
        for kind, options in general.items():
            for key in options:
                if key not in allowed[kind]:
                    raise UserError(unknown_name(f"option of {kind.__name__}", key, allowed[kind]))
        everything = sorted({key for keys in allowed.values() for key in keys})
        for options in overrides.values():
            for key in options:
                if key not in everything:
                    raise UserError(unknown_name("option", key, everything))
        self.general, self.overrides, self.allowed = general, overrides, allowed
        self._unused = {(pattern, key) for pattern, options in overrides.items() for key in options}

    def of(self, kind: type, names: Sequence[str], model: nn.Module) -> dict[str, Any]:
        """Arguments for a layer that has these qualified names."""
        options = dict(self.general[kind])
        for pattern, special in self.overrides.items():
            if any(covers(pattern, name, model) for name in names):
                chosen = {key: value for key, value in special.items() if key in self.allowed[kind]}
                self._unused -= {(pattern, key) for key in chosen}
                options |= chosen
        return options

    def require_used(self) -> None:
        """After all layers: every override must have had an effect.

        Raises:
            UserError: one had none.
        """
        for pattern, key in sorted(self._unused, key=str):
            raise UserError(f"overrides: {key!r} for {pattern!r} has no effect, no layer that is replaced takes it")
