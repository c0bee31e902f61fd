"""What an installation changes where people run this project."""

from __future__ import annotations

from packaging.requirements import Requirement

from ndcore.experiment.folders import PROJECT

COLAB = {
    "ipykernel": "6.17.1",
    "jupyter-client": "7.4.9",
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


def test_an_installation_on_colab_changes_no_package_that_a_kernel_has_loaded():
    lines = [line.partition("#")[0].strip() for line in (PROJECT / "requirements.txt").read_text().splitlines()]
    wanted = {found.name: found.specifier for found in map(Requirement, filter(None, lines))}
    assert set(wanted) == set(COLAB) | NOT_THERE
    assert [name for name, version in COLAB.items() if version not in wanted[name]] == []
