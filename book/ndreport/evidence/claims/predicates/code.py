"""Facts of the code: layers and parameters of the networks as they are built, and the arithmetic of a training step."""

from __future__ import annotations

from ndcore.study import NETWORK_LABELS, NORM_LABELS
from ndcore.study import NETWORKS as STUDY_NETWORKS
from ndreport.evidence.claims.evidence import BENCH, FOLDING, NETWORKS, Evidence
from ndreport.evidence.claims.registry import predicate
from ndreport.evidence.claims.verdict import Case, Verdict, every

MILLION = 1e6
LAST_DIGIT = 0.01
"""Millions of parameters."""
OVERHEAD = ("covariance", "root", "fold")


@predicate(NETWORKS, about="code")
def replaces_every_bn(evidence: Evidence) -> Verdict:
    """With ND no batch normalisation is left in any network that the study ran."""
    numbers, cases = {"networks": 0, "without batch normalisation": 0}, []
    for network in STUDY_NETWORKS:
        for name in network.ours:
            left = evidence.count(name, "nd").layers.get("BatchNorm2d", 0)
            numbers["networks"] += 1
            numbers["without batch normalisation"] += left == 0
            if left:
                whole = evidence.count(name, "bn").layers.get("BatchNorm2d", 0)
                where = f"{network.label} ({name})"
                cases.append(Case(where, {"batch normalisations with ND": left, "with BN": whole}))
    return every(numbers, cases)


@predicate(NETWORKS, "net_sizes.csv", about="code")
def sizes_are_printed(evidence: Evidence) -> Verdict:
    """The sizes that the original prints are those of the networks as built, with BN or with ND, to the last digit."""
    sizes = evidence.published.net_sizes.set_index("arch")["value"]
    cases, examined = [], 0
    for network in STUDY_NETWORKS:
        if network.arch not in sizes.index:
            continue
        examined += 1
        values = {"printed (million)": sizes[network.arch]}
        for norm in ("nd", "bn"):
            million = evidence.count(network.ours[0], norm).parameters / MILLION
            values[f"counted, {NORM_LABELS[norm]} (million)"] = million
            if abs(million - sizes[network.arch]) < LAST_DIGIT:
                break
        else:
            cases.append(Case(network.label, values))
    numbers = {"printed sizes": examined, "as built": examined - len(cases)}
    return every(numbers, cases, "" if examined else "printed sizes")


@predicate(NETWORKS, "recovered.csv", about="code")
def logged_size_is(evidence: Evidence, arch: str, ours: str) -> Verdict:
    """A network that the logs name has the size of the network of that name, with every logged normalisation."""
    logged = evidence.published.recovered.query("metric == 'parameters'")
    logged = logged[logged["arch"] == arch]
    numbers, cases = {}, []
    for row in logged.itertuples():
        name, built = NORM_LABELS[row.norm], evidence.count(ours, row.norm).parameters
        numbers |= {f"logged, {name}": int(row.value), f"counted, {name}": built}
        if row.value != built:
            cases.append(
                Case(f"{NETWORK_LABELS[arch]}, {name} ({row.source})", {"logged": int(row.value), "counted": built})
            )
    return every(numbers, cases, "" if len(logged) else "a log with the size of the network")


@predicate(NETWORKS, about="code")
def bn_beside_nd(evidence: Evidence, arch: str) -> Verdict:
    """A network with ND has batch normalisations beside its deconvolutions."""
    layers = evidence.count(arch, "nd").layers
    numbers = {"deconvolutions": layers.get("FastDeconv", 0), "batch normalisations": layers.get("BatchNorm2d", 0)}
    return every(numbers, [] if numbers["batch normalisations"] else [Case(NETWORK_LABELS[arch], numbers)])


@predicate(FOLDING, about="code")
def folds_away(evidence: Evidence, networks: list[str], tolerance: float) -> Verdict:
    """In evaluation mode a network with ND becomes one of plain convolutions with the same outputs.

    Same to a tolerance, relative to the largest output.
    """
    numbers, cases = {}, []
    for name in networks:
        folded = evidence.fold(name)
        numbers |= {f"normalising layers left, {name}": folded.left, f"largest difference, {name}": folded.difference}
        if folded.left or not folded.difference <= tolerance:
            cases.append(Case(name, {"normalising layers left": folded.left, "largest difference": folded.difference}))
    return every(numbers, cases)


@predicate(BENCH, about="code")
def cheaper_than_convolution(evidence: Evidence) -> Verdict:
    """Covariance, inverse root and fold of a training step take less arithmetic than its convolutions, everywhere."""
    ratios = {
        name: sum(phases[phase] for phase in OVERHEAD) / phases["convolution"]
        for name, phases in evidence.operations.items()
    }
    cases = [Case(name, {"deconvolution / convolution": ratio}) for name, ratio in ratios.items() if ratio >= 1]
    numbers = {"networks": len(ratios), "cheaper than the convolutions": len(ratios) - len(cases)}
    if ratios:
        numbers |= {"least ratio": min(ratios.values()), "largest ratio": max(ratios.values())}
    return every(numbers, cases, "" if ratios else "counted operations")
