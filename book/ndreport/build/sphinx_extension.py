"""What the book needs from Sphinx: formulas as MathML, definitions of terms, pages executed side by side, and again
when inputs change.

Formulas become MathML while the book is built, so no page loads a script for them. Every executed page reads `runs/`
and calls `ndreport`; the folder of cached executions therefore carries a digest of those inputs. A new record
changes the digest, Sphinx sees a changed configuration value and reads and executes every page anew; nothing else has
to be done.
"""

from __future__ import annotations

import glob
import hashlib
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from docutils import nodes
from docutils.utils.math.latex2mathml import tex2mathml
from sphinx.util import logging
from sphinx_external_toc.parsing import parse_toc_yaml

from ndcore import foreign
from ndcore.experiment.folders import runs_folder
from ndcore.source import PACKAGE
from ndreport.build.execution import fill_cache
from ndreport.build.glossary import depend_on_what_is_named, show_definitions
from ndreport.build.record_pages import further_pages
from ndreport.build.search import SearchWithNumbers
from ndreport.pages.environment import code_state, software

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.config import Config
    from sphinx.environment import BuildEnvironment

REPORT = Path(__file__).resolve().parents[1]
SHOW_STATE_OF_CODE = ("environment",)
"""Pages that are executed anew whenever they are read."""
BEFORE_OTHERS = 100
"""The priority of most handlers of Sphinx's events is 500."""

logger = logging.getLogger(__name__)


def inputs_digest(root: Path) -> str:
    """Digest of everything that the pages read besides their own source: `runs/`, the code, versions."""
    digest = hashlib.sha256()
    runs = runs_folder(root)
    files = [*runs.glob("*.json"), *runs.glob("ablation/*.json"), *runs.glob("bench/*.csv")]
    files += [*runs.glob("citations/*.csv"), *runs.glob("faults/*.json"), *(runs / "published").rglob("*")]
    for base, paths in ((runs, files), (PACKAGE, PACKAGE.rglob("*.py")), (REPORT, REPORT.rglob("*.py"))):
        for path in sorted(paths):
            digest.update(os.fsencode(path.relative_to(base)) + b"\0" + _what_is_read(path) + b"\0")
    digest.update(repr(software()).encode())
    return digest.hexdigest()[:16]


def _what_is_read(path: Path) -> bytes:
    """The content of a file, or why it has none: what the pages say about it."""
    try:
        return foreign.read_bytes(path)
    except ValueError as error:
        return str(error).encode()


def read_the_contents_only(app: Sphinx, config: Config) -> None:
    """Leave out what the table of contents does not name, in a checkout of any name.

    sphinx-external-toc looks for it with a glob that begins with the folder's name as it is: in `[Re] study` it finds
    nothing, or the files of a folder `R`. Naming what is wanted needs no search.
    """
    if config.external_toc_exclude_missing:
        config.external_toc_exclude_missing = False
        names = sorted(parse_toc_yaml(Path(app.srcdir) / config.external_toc_path))
        config.include_patterns = [f"{glob.escape(name)}{suffix}" for name in names for suffix in ("", ".*")]


def choose_cache(app: Sphinx, config: Config) -> None:
    """Point the notebook cache to a folder that belongs to the current inputs; drop those of earlier inputs."""
    caches = Path(app.outdir).parent / ".jupyter_cache"
    current = caches / inputs_digest(Path(app.srcdir))
    for folder in caches.glob("*") if caches.is_dir() else ():
        if folder.is_dir() and folder != current:
            shutil.rmtree(folder, ignore_errors=True)
    config.nb_execution_cache_path = str(current)


def execute_pages(app: Sphinx, env: BuildEnvironment, docnames: list[str]) -> None:
    """Execute the notebooks that are about to be read, several at a time; reading then finds them in the cache."""
    config = app.config
    if config.nb_execution_mode != "cache":
        return
    paths = [Path(env.doc2path(name)) for name in sorted(docnames)]
    notebooks = [
        path
        for path in paths
        if path.suffix == ".ipynb" and not any(path.match(p) for p in config.nb_execution_excludepatterns)
    ]
    anew = [path for path in notebooks if path.stem in SHOW_STATE_OF_CODE]
    wrong = fill_cache(config.nb_execution_cache_path, notebooks, config.nb_execution_timeout, anew=anew)
    env.pages_in_error = {name for name in docnames if wrong.get(Path(env.doc2path(name)))}
    for name in sorted(env.pages_in_error):
        path = env.doc2path(name)
        logger.warning("page not executed: %s", wrong[Path(path)], location=name, type="ndcore", subtype="page")
    failed = [glob.escape(env.doc2path(name)) for name in env.pages_in_error]  # myst-nb would execute them once more
    excluded = [*env.mystnb_config.execution_excludepatterns, *failed]
    env.mystnb_config = env.mystnb_config.copy(execution_excludepatterns=excluded)


def outdated(app: Sphinx, env: BuildEnvironment, added: set, changed: set, removed: set) -> set[str]:
    """The pages to be read again though they have not changed: those that the build before could not execute, and
    those that show the state of the code, once that is another."""
    before, now = getattr(env, "code_state", ""), code_state(Path(app.srcdir))
    env.code_state = now
    shown = {name for name in env.found_docs if Path(name).name in SHOW_STATE_OF_CODE and before != now}
    return (getattr(env, "pages_in_error", set()) & env.found_docs) | shown


def slim(app: Sphinx, error: Exception | None) -> None:
    """Take out of the book what no page needs: half of what a page would load, and the source maps.

    The theme draws its icons twice: with the web font of its style sheet, and with a script of one and a half
    megabytes that replaces them by drawings.
    """
    static = Path(app.outdir) / "_static"
    icons = static / "scripts" / "fontawesome.js"
    if error is None and icons.is_file():
        icons.write_text("/* the icons are those of the web font */\n", encoding="utf-8")
    for path in static.rglob("*.map"):
        path.unlink()


def mend_roles(app: Sphinx, name: str, template: str, context: dict[str, Any], doctree: nodes.document | None) -> None:
    """Sphinx calls the works cited a list, but none of them an item of it: an accessibility checker objects."""
    if "body" in context:
        wrong, right = '<div role="list" class="citation-list">', '<div class="citation-list">'
        context["body"] = context["body"].replace(wrong, right)


def visit_inline_math(self, node: nodes.math) -> None:
    """A formula within a line."""
    self.body.append(tex2mathml(node.astext(), as_block=False))
    raise nodes.SkipNode


def visit_block_math(self, node: nodes.math_block) -> None:
    """A formula of its own; a wide one scrolls within its box."""
    formula = tex2mathml(node.astext(), as_block=True)
    self.body.append(f'<div class="nd-math" role="region" aria-label="formula" tabindex="0">{formula}</div>\n')
    raise nodes.SkipNode


def setup(app: Sphinx) -> dict[str, bool | str]:
    """Register with Sphinx."""
    app.add_html_math_renderer("mathml", (visit_inline_math, None), (visit_block_math, None))
    app.add_search_language(SearchWithNumbers)
    app.connect("config-inited", read_the_contents_only, priority=BEFORE_OTHERS)
    app.connect("config-inited", choose_cache)
    app.connect("env-get-outdated", outdated)
    app.connect("env-before-read-docs", execute_pages)
    app.connect("doctree-read", depend_on_what_is_named)
    app.connect("doctree-resolved", show_definitions)
    app.connect("html-collect-pages", further_pages)
    app.connect("html-page-context", mend_roles)
    app.connect("build-finished", slim)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
