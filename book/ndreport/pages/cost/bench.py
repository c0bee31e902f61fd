"""What the page says of the benchmark itself: its conditions, and its files to save."""

from __future__ import annotations

import pandas as pd

from ndreport.evidence.bench import Bench
from ndreport.pages.our_runs.provenance import commit
from ndreport.rendering.html import Html, download, facts
from ndreport.rendering.prose import count, listing


def conditions(steps: pd.DataFrame) -> list[tuple[str, str]]:
    """Under what the steps were measured, for a table of facts."""
    first, days = steps.iloc[0], sorted({moment[:10] for moment in steps["measured_utc"]})
    samples = " to ".join(map(str, sorted({steps["samples"].min(), steps["samples"].max()})))
    codes = {
        commit(c if isinstance(c, str) and c else None, None if pd.isna(d) else bool(d))
        for c, d in zip(steps["git_commit"], steps["git_dirty"], strict=True)
    }
    return [
        ("Device", f"{first['device_name']}: {first['cpu']}, {count(int(first['threads']), 'thread')}"),
        ("Batch", f"{count(int(first['batch_size']), 'image')} per step, float32"),
        ("Timed", f"{samples} samples of every variant, in turn, in one run"),
        ("PyTorch", str(first["torch"])),
        ("Code", listing(sorted(codes))),
        ("Measured", listing(days)),
    ]


def about_bench(bench: Bench) -> Html:
    """How the benchmark was made, with its files to save; `#benchmark` on the page."""
    if bench.steps is None:
        return Html(
            '<p id="benchmark" class="nd-empty">There is no file of <code>ndcore bench</code> in '
            "<code>runs/bench/</code> yet.</p>"
        )
    saved = " ".join(download(text, name, "text/csv", f"Save {name}") for name, text in bench.files.items())
    shown = facts(conditions(bench.steps), "Conditions of the benchmark")
    return Html(f'<section id="benchmark">\n{shown}\n<p class="nd-after">{saved}</p>\n</section>')
