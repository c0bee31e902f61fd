"""What holds for the whole suite: threads, and which tests share a process."""

from __future__ import annotations

import os

import pytest

# Threads that wait for each other sleep, in every process that the tests start as well. By default they spin, and with
# other processes beside them two threads are then several times slower than one.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
if "PYTEST_XDIST_WORKER" in os.environ:  # one of several processes, which have a core each
    os.environ.setdefault("OMP_NUM_THREADS", "1")

from ndcore.machine import usable_cores

MOST_WORKERS = 8
"""Each takes about a gigabyte, and so do the processes that its tests start."""
ONE_PROCESS = ("tests/book/",)
"""Folders whose files share what is long in the making: the built book."""
ANY_PROCESS = ("tests/models/test_model_golden.py", "tests/surgery/test_surgery_models.py")
"""Files of long tests that share nothing."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with long tests come first, so that the workers end at about the same time."""
    long = {item.path for item in items if item.get_closest_marker("end_to_end")}
    items.sort(key=lambda item: item.path not in long)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """For `-n auto`: as many as there are cores for us, which may be fewer than the machine has."""
    return min(usable_cores(), MOST_WORKERS)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> object:
    """As a rule one process runs the tests of a file, whose fixtures are then made once; files begin in their order."""
    from xdist.scheduler import LoadScopeScheduling  # noqa: PLC0415 (only the process that has workers needs it)

    class ByFile(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            if nodeid.startswith(ANY_PROCESS):
                return nodeid
            return next((folder for folder in ONE_PROCESS if nodeid.startswith(folder)), nodeid.partition("::")[0])

    config.option.loadscopereorder = False  # by the number of tests, which says nothing about their time
    return ByFile(config, log)
