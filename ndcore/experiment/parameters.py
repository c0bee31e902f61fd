"""The parameters of a notebook, as papermill hands them over.

Papermill injects a cell after the one that is tagged `parameters`. It passes `-p flag false` as the string "false" and
warns, no more, about a name that the notebook does not have. Both must end in an error, not in a wrong run.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from ndcore.errors import UserError, shown, unknown_name
from ndcore.experiment.ablation import Budget, Factor, choose_factors
from ndcore.experiment.config import RunConfig
from ndcore.training.threads import AUTO, parse_threads

OPTIONS = ("device", "data_root", "runs", "threads")
"""Parameters that say where and on what to run; they do not belong to the run's identity."""


def read_parameters(namespace: Mapping[str, Any]) -> tuple[RunConfig, dict[str, Any]]:
    """Validate what the parameter cells of a notebook have defined.

    Args:
        namespace: `globals()` of the notebook.

    Returns:
        The configuration, and the options as arguments of `ndcore.experiment.experiment.Experiment`.

    Raises:
        UserError: a parameter that does not exist, or a value of the wrong type or range.
    """
    options = read_options(namespace, RunConfig.model_fields)
    return RunConfig.parse({name: namespace[name] for name in RunConfig.model_fields if name in namespace}), options


def read_ablation(namespace: Mapping[str, Any]) -> tuple[Budget, list[Factor], dict[str, Any]]:
    """Validate what the parameter cells of the ablation's notebook have defined.

    Args:
        namespace: `globals()` of the notebook.

    Returns:
        The budget, the factors, and the options as arguments of `ndcore.experiment.ablation.perform`.

    Raises:
        UserError: a parameter that does not exist, or a value of the wrong type or range.
    """
    budget = [field.name for field in fields(Budget)]
    options = read_options(namespace, [*budget, "factors"])
    names = namespace["factors"]
    if not isinstance(names, str):
        raise UserError(f"factors={shown(names)}: expected names separated by commas, got {type(names).__name__}")
    return Budget(**{name: namespace[name] for name in budget}), choose_factors(names), options


def read_options(
    namespace: Mapping[str, Any], others: Iterable[str], offered: Sequence[str] = OPTIONS
) -> dict[str, Any]:
    """The parameters of `OPTIONS`, once no parameter is injected that is neither one of `offered` nor of `others`."""
    known = (*others, *offered)
    unknown = [name for name in injected_names(namespace.get("In", ())) if name not in known]
    if unknown:
        raise UserError("; ".join(unknown_name("parameter", name, known) for name in unknown))
    options = {name: namespace.get(name) for name in OPTIONS if name != "threads"}
    for name, value in options.items():
        if value is not None and not isinstance(value, str):
            raise UserError(f"{name}={shown(value)}: expected a text, got {type(value).__name__}")
    return {
        "device": options["device"] or "auto",
        "data_root": Path(options["data_root"]) if options["data_root"] else None,
        "runs": Path(options["runs"]) if options["runs"] else None,
        "threads": parse_threads(namespace.get("threads", AUTO)),
    }


def injected_names(history: Sequence[str]) -> list[str]:
    """Names assigned in the cell that papermill injected last, in order; none outside papermill.

    Args:
        history: sources of the cells executed so far (`In` of IPython).
    """
    cells = [source for source in history if source.lstrip().startswith("# Parameters\n")]
    if not cells:
        return []
    assignments = (node for node in ast.parse(cells[-1]).body if isinstance(node, ast.Assign))
    return [target.id for node in assignments for target in node.targets if isinstance(target, ast.Name)]
