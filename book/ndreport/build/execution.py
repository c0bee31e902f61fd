"""Executes the notebooks of the book, several at a time, into the cache from which myst-nb takes their outputs.

myst-nb itself executes one notebook after the other while Sphinx reads it. A page is mostly the start of a kernel and
its imports, so two at a time take about half as long. A notebook that raises, or whose kernel dies, is not cached; what
went wrong is handed back, with its page.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
import time
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import nbformat
from jupyter_cache import get_cache
from jupyter_cache.base import CacheBundleIn, JupyterCacheAbstract
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError
from sphinx.util import logging

from ndcore.experiment.failures import ANSI
from ndcore.experiment.own_kernel import QUIET, own_kernel
from ndcore.machine import usable_cores

MOST_KERNELS = 4
"""A kernel with PyTorch takes half a gigabyte."""
EXECUTED = "executed"
"""First word of the line that is logged for every page."""

logger = logging.getLogger(__name__)


def fill_cache(
    cache_path: str,
    notebooks: Sequence[Path],
    timeout: int,
    workers: int | None = None,
    anew: Collection[Path] = (),
) -> dict[Path, str]:
    """Execute every notebook that the cache lacks.

    Args:
        cache_path: folder of the jupyter-cache, made if it is not there.
        notebooks: each is executed in its own folder and in a kernel of its own.
        timeout: seconds that one cell may take.
        workers: kernels at a time; None: one per core, at most `MOST_KERNELS`.
        anew: those of the notebooks that are executed also if the cache has them.

    Returns:
        What went wrong with each notebook that the cache lacked; an empty text where nothing did.
    """
    cache = get_cache(cache_path)
    wrong: dict[Path, str] = {}
    missing: dict[Path, nbformat.NotebookNode] = {}
    for path in notebooks:
        try:
            source = nbformat.read(path, as_version=4)
        except ValueError as error:
            wrong[path] = f"it is no notebook: {error}"
        else:
            missing |= {} if path not in anew and _cached(cache, source) else {path: source}

    workers = workers or min(usable_cores(), MOST_KERNELS)
    threads = str(max(1, usable_cores() // workers))
    environment = {"OMP_NUM_THREADS": threads} | os.environ  # threads that wait for those of another kernel cost time

    done: list[Path] = []

    async def page(path: Path, notebook: nbformat.NotebookNode, turn: asyncio.Semaphore) -> None:
        async with turn:
            started = time.perf_counter()
            wrong[path] = await _execute(notebook, path.parent, timeout, environment)
            seconds = time.perf_counter() - started
            done.append(path)
        if not wrong[path]:
            bundle = CacheBundleIn(notebook, str(path), data={"execution_seconds": seconds})
            cache.cache_notebook_bundle(bundle, check_validity=False, overwrite=True)
        logger.info(f"{EXECUTED} {path.stem} in {seconds:.1f} s ({len(done)} of {len(missing)})")

    async def every_page() -> None:
        turn = asyncio.Semaphore(workers)
        await asyncio.gather(*(page(path, notebook, turn) for path, notebook in missing.items()))

    asyncio.run(every_page())
    return wrong


def _cached(cache: JupyterCacheAbstract, notebook: nbformat.NotebookNode) -> bool:
    try:
        cache.match_cache_notebook(notebook)
    except KeyError:
        return False
    return True


async def _execute(notebook: nbformat.NotebookNode, folder: Path, timeout: int, environment: Mapping[str, str]) -> str:
    """Execute a notebook in place, in a kernel of this interpreter; what went wrong, or an empty text."""
    where = {"metadata": {"path": str(folder)}}
    options = {"record_timing": False, "extra_arguments": list(QUIET)}  # times would change the cache's key
    with tempfile.TemporaryDirectory(prefix="ndcore-", ignore_cleanup_errors=True) as private:
        kernel = own_kernel(Path(private))
        client = NotebookClient(notebook, km=kernel, timeout=timeout, resources=where, **options)
        try:
            await client.async_execute(cleanup_kc=True, env=environment)
        except CellExecutionError as error:
            return ANSI.sub("", str(error)).strip()
        except CellTimeoutError:
            return f"a cell took more than {timeout} s"
        except (RuntimeError, OSError) as error:  # it died, did not answer, or could not be started
            return f"its kernel died or could not be started, perhaps for lack of memory: {error}"
    return ""
