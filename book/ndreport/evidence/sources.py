"""The public files of both studies that the report cites: each at the commit at which it was read, and its address.

A source text names a file as `original models/deconv.py:291-293` or `Re rep_values.xlsx`, with `(commit 2b061b0)`
behind it where the commit is not the usual one of that file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import PurePosixPath

HOST = "https://github.com"
REPOSITORIES = {"original": "yechengxi/deconvolution", "re": "lamps-lab/rep-network-deconvolution"}
_MODELS = (
    *("__init__", "deconv", "densenet", "densenet_imagenet", "dpn", "efficientnet", "mobilenetv2", "pnasnet"),
    *("preact_resnet", "resnet", "resnet_imagenet", "resnext", "senet", "vgg", "vgg_imagenet"),
)
_IMAGENET = (
    "densenet121",
    "densenet121_deconv",
    "resnet",
    "resnet_deconv",
    "vgg11_BN",
    "vgg11_deconv",
    "vgg11_original",
)
_MANUSCRIPT = "documents/manuscript"
KNOWN: dict[tuple[str, str], tuple[str, ...]] = {
    ("original", "eeae459fc436ae26b033c49f8b5cf85852fb28fc"): (
        *("main.py", "main_imagenet.py", "arg_parser.py", "net_util.py", "util.py"),
        *(f"models/{name}.py" for name in _MODELS),
    ),
    ("original", "bc5065d688ff9e0e507e3d1bc245fccd2a527bde"): ("README.md",),
    ("original", "022836f792e631a1c4d1d07cf37724eef9d09844"): ("README.md",),
    ("re", "e348f2266bfab9d3ea52441e4ceb56a2738e4742"): ("results/rep_values.xlsx",),
    ("re", "2e0040473e450c1645b61ac0e6305258db253351"): ("deconv_rep.ipynb",),
    ("re", "2b061b0541790d109588dafe370ff86b8eb266ec"): (
        *("cs895_project.ipynb", "results/rep_values.xlsx"),
        *(
            f"single_experiment_{name}.sh"
            for name in ("cifar10", "cifar100", "net_deconv_cifar10", "net_deconv_cifar100")
        ),
    ),
    ("re", "5937c1712a21cdc7e472651590eb3f45c814ae8c"): ("main.py",),
    ("re", "9021923315cb8b415b9f3a940e8d9d25fec30a40"): (
        *("main_imagenet.py", *(f"imagenet_single_experiment_{name}.sh" for name in _IMAGENET)),
    ),
    ("re", "b9aa551186db583dfc0a7e6da95dcf2f786efabb"): ("models/resnet_imagenet.py",),
    ("re", "163e220cc0c83eecf6608a949e9e89b4c5dc9c22"): ("util.py",),
    ("re", "932d47083ae1a0807169ed795d1d691d25d1e739"): ("requirements.txt",),
    ("re", "1a6cdb9683b57fa7ae2830035590be2a4b25887b"): ("README.md",),
    ("re", "9872dcbf9feb41d5b94a976e46fd5a115cd105ad"): (
        *("arg_parser.py", "test_script_for_table_1.py", "test_script_for_table_2.py"),
    ),
    ("re", "b06aac9c1ea4bf38d2dd86eaf63b7dd24f10f561"): (
        f"{_MANUSCRIPT}/content.tex",
        f"{_MANUSCRIPT}/bibliography.bib",
    ),
    ("re", "28ada70fcd43850583a2f27bc4be8753f90aa2c7"): ("article.pdf", f"{_MANUSCRIPT}/summary.tex"),
}
"""Paths by study and commit. The first commit of a path is its usual one."""

CITATION = re.compile(
    r"\b(?P<study>[Oo]riginal|Re) (?P<name>[\w./*-]+\.(?:py|sh|ipynb|md|txt|xlsx|tex|pdf))"
    r"(?::(?P<first>\d+)(?:-(?P<last>\d+))?)?(?: \(commit (?P<commit>[0-9a-f]{7})\))?"
)


@dataclass(frozen=True)
class Citation:
    """A public file, or several beside each other, as a source text names it."""

    study: str
    """A key of `REPOSITORIES`."""
    name: str
    """The end of the path; may hold `*`."""
    commit: str
    """All 40 digits."""
    paths: tuple[str, ...]
    first: int = 0
    """First line, 0 for the whole file."""
    last: int = 0

    @property
    def url(self) -> str:
        """The file at its commit with its lines, or the folder of several."""
        base = f"{HOST}/{REPOSITORIES[self.study]}"
        if len(self.paths) > 1:
            folder = str(PurePosixPath(self.paths[0]).parent).removeprefix(".")
            return f"{base}/tree/{self.commit}/{folder}".rstrip("/")
        lines = f"#L{self.first}" if self.first else ""
        lines += f"-L{self.last}" if self.last else ""
        return f"{base}/blob/{self.commit}/{self.paths[0]}{lines}"

    @property
    def label(self) -> str:
        """ "models/deconv.py, lines 291 to 293"."""
        if not self.first:
            return self.name
        return f"{self.name}, " + (f"lines {self.first} to {self.last}" if self.last else f"line {self.first}")


def citations(text: str) -> Iterator[tuple[re.Match, Citation]]:
    """Every file that a source text names, in its order.

    Raises:
        ValueError: a file or a commit that is not in `KNOWN`.
    """
    for match in CITATION.finditer(text):
        yield match, _found(match)


def _found(match: re.Match) -> Citation:
    study, name = match["study"].lower(), match["name"]
    for (where, commit), paths in KNOWN.items():
        held = tuple(path for path in paths if fnmatchcase(path, name) or fnmatchcase(path, f"*/{name}"))
        if where == study and held and commit.startswith(match["commit"] or ""):
            return Citation(study, name, commit, held, int(match["first"] or 0), int(match["last"] or 0))
    raise ValueError(f"{match[0]!r} is no public file that ndreport.evidence.sources knows")


def with_commits(text: str) -> str:
    """The source text with the commit behind every file that it names."""
    parts, end = [], 0
    for match, found in citations(text):
        parts += [text[end : match.end()], "" if match["commit"] else f" (commit {found.commit[:7]})"]
        end = match.end()
    return "".join([*parts, text[end:]])
