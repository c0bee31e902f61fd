"""The readable list of packages: that it is whole, and what an installation changes where people run this project."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator

from packaging.requirements import Requirement

from ndcore.experiment.folders import PROJECT

COLAB = {
    "ipykernel": "6.17.1",
    "jupyter-client": "7.4.9",
    "matplotlib": "3.10.0",
    "nbclient": "0.10.4",
    "numpy": "2.0.2",
    "pandas": "2.2.2",
    "pillow": "11.3.0",
    "psutil": "5.9.5",
    "pydantic": "2.12.3",
    "PyYAML": "6.0.3",
    "scikit-learn": "1.6.1",
    "scipy": "1.16.3",
    "seaborn": "0.13.2",
    "statsmodels": "0.14.6",
    "torch": "2.11.0",
    "torchvision": "0.26.0",
    "tqdm": "4.67.3",
}
"""From github.com/googlecolab/backend-info, pip-freeze.gpu.txt, June 2026."""
NOT_THERE = {"jupyter-book", "papermill"}


def listed() -> list[Requirement]:
    """What `requirements.txt` names."""
    lines = (line.partition("#")[0].strip() for line in (PROJECT / "requirements.txt").read_text().splitlines())
    return [Requirement(line) for line in lines if line]


def declared(project: dict, *extras: str) -> Iterator[str]:
    """What the package needs with these extras; an extra may name others, as "ndcore[run]"."""
    for text in [
        *project["dependencies"],
        *(line for name in extras for line in project["optional-dependencies"][name]),
    ]:
        wanted = Requirement(text)
        yield from declared(project, *wanted.extras) if wanted.name == project["name"] else [str(wanted)]


def test_the_readable_list_is_the_union_of_what_runs_and_report_need():
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]
    names = [str(requirement) for requirement in listed()]
    assert len(names) == len(set(names))
    assert set(names) == set(declared(project, "run", "report"))


def test_an_installation_on_colab_changes_no_package_that_a_kernel_has_loaded():
    wanted = {found.name: found.specifier for found in listed()}
    assert set(wanted) == set(COLAB) | NOT_THERE
    assert [name for name, version in COLAB.items() if version not in wanted[name]] == []
