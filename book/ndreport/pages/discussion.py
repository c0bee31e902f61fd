"""What this report can and cannot say, and the reproduction's own view of its work: the numbers of the sentences."""

from __future__ import annotations

import pandas as pd

from ndcore.study import EPOCHS, NETWORKS
from ndreport.evidence.corrected_times import corrected_settings, time_ratios
from ndreport.evidence.imagenet import imagenet_gains, imagenet_values
from ndreport.evidence.improvements import improvements
from ndreport.evidence.published import SETTING, Published
from ndreport.evidence.series import logged_tests, paired_values
from ndreport.evidence.splits import measured_on
from ndreport.material import Material
from ndreport.pages.code_and_data.ledger import load as load_findings
from ndreport.pages.intro import IMAGENET_RUNS, judged, rerun
from ndreport.rendering.prose import count, listing, points

HOUR = 3_600
LIBRARIES = ("PyTorch", "torchvision", "NumPy", "SciPy", "Matplotlib", "TensorBoard", "TensorFlow")
RETESTED = ("cifar100", 20)
"""The block whose logs hold a training and a test accuracy of every run, and whose table prints the former."""


def numbers(material: Material) -> dict[str, object]:
    """What the sentences of the page name."""
    published = material.published
    findings, _ = load_findings(material.folder / "published")
    own_seeds = {record.config.seed for record in material.complete}
    return {
        "rerun": rerun(material.records),
        "own_seeds": count(len(own_seeds), "seed"),
        "imagenet_runs": IMAGENET_RUNS,
        "imagenet_largest": f"{_imagenet_top1(published).abs().max():.2f}",
        **judged(published),
        **_tested(published),
        **_improved(published),
        **_stated(published),
        "findings": len(findings),
        "change_a_conclusion": sum(finding.effect == "conclusion" for finding in findings),
    }


def _imagenet_top1(published: Published) -> pd.Series:
    """ND minus BN of the reproduction's runs, top-1 in percentage points, by network."""
    gains = imagenet_gains(imagenet_values(published))
    return gains.query("baseline == 'bn' and metric == 'top1'")["reproduced"]


def _tested(published: Published) -> dict[str, object]:
    """Where test accuracies are proven, and in how many of these pairs ND is ahead; where training takes longer."""
    tests = logged_tests(published)
    pairs = paired_values(published, []).query("who == 'logs'")
    ratios = time_ratios(corrected_settings(published))
    settings = len(published.averages)
    return {
        "settings": settings,
        "untested": settings - len(tests[SETTING].drop_duplicates()),
        "test_pairs": len(pairs),
        "test_ahead": int((pairs["gain"] > 0).sum()),
        "test_epochs": listing(count(number, "epoch") for number in sorted(set(tests["epochs"]))),
        "untested_epochs": listing(number for number in EPOCHS if number not in set(tests["epochs"])),
        "timed": len(ratios),
        "longer": int((ratios["corrected"] > 1).sum()),
    }


def _improved(published: Published) -> dict[str, object]:
    """What the printed and the test accuracies of the same runs say about newer software."""
    block = improvements(published, measured_on(published)).loc[RETESTED]
    return {
        "retested": int(block["values"]),
        "retested_higher": int(block["higher"]),
        "retested_change": points(block["change"]),
        "retested_test_higher": int(block["test_higher"]),
        "retested_test_change": points(block["test_change"]),
    }


def _stated(published: Published) -> dict[str, object]:
    """What both studies state of software, hardware and data, what the released program refuses, and hours of GPUs."""
    entries = published.setup.set_index(["study", "topic", "item"])["entry"]
    unnamed = sum("no version named" in entries["original", "Software", name] for name in LIBRARIES)
    repository = published.repository
    seeds = repository.loc[repository["item"] == "seed", "value"]
    single = published.times[published.times["attempt"].notna()]
    imagenet = published.imagenet.query("metric == 'total_seconds' and attempt.notna()")
    return {
        "networks": len(NETWORKS),
        "refused": int(repository.query("item == 'runs_as_released'")["value"].ne("yes").sum()),
        "seeds": count(seeds.nunique(), "seed"),
        "libraries": len(LIBRARIES),
        "unnamed": unnamed,
        "small_gpu": entries["re", "Hardware", "accelerator, CIFAR"],
        "large_gpu": entries["re", "Hardware", "accelerator, ImageNet"],
        "imagenet_data": entries["re", "Data", "ImageNet"].split("; ")[1],
        "cifar_hours": f"{single['value'].sum() / HOUR:,.0f}",
        "imagenet_hours": f"{imagenet['value'].sum() / HOUR:,.0f}",
    }
