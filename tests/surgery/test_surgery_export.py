"""A folded model leaves this package: saved and loaded without it, exported with torch.export and as ONNX."""

from __future__ import annotations

import subprocess
import sys

import pytest
import torch
from surgery_helpers import difference, outputs, randomize_norms, warm_up
from torch import nn

import ndcore
from ndcore import models

X = torch.randn(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))
NETWORKS = [("resnet18d", "bn"), ("pnasneta", "nd")]

LOADER = """
import sys

class Refuse:
    def find_spec(self, name, *_):
        if name.partition(".")[0] == "ndcore":
            raise ImportError("ndcore is not here")

sys.meta_path.insert(0, Refuse())
import torch
for path in sys.argv[1:]:
    model, x, y = torch.load(path, weights_only=False)
    with torch.no_grad():
        assert torch.equal(model(x), y), (model(x) - y).abs().max()
try:
    import ndcore
except ImportError:
    sys.exit(7)
"""


@pytest.fixture(scope="module")
def folded_networks() -> dict[tuple[str, str], nn.Module]:
    torch.manual_seed(0)
    return {pair: ndcore.fold(warm_up(randomize_norms(models.create(*pair)), X)) for pair in NETWORKS}


@pytest.fixture(params=NETWORKS, ids="-".join)
def folded(request, folded_networks) -> nn.Module:
    return folded_networks[request.param]


def test_saved_and_loaded_in_a_process_without_ndcore(folded_networks, tmp_path):
    paths = []
    for name, model in folded_networks.items():
        paths.append(tmp_path / f"{'-'.join(name)}.pt")
        torch.save((model, X, outputs(model, X)), paths[-1])
    command = [sys.executable, "-c", LOADER, *paths]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert done.returncode == 7, done.stderr


def test_torch_export(folded):
    exported = torch.export.export(folded, (X,))
    assert difference(exported.module()(X), outputs(folded, X)) < 1e-5
    operations = {str(node.target) for node in exported.graph.nodes if node.op == "call_function"}
    assert not {name for name in operations if "bmm" in name or "batch_norm" in name}


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning")  # of onnx
def test_onnxruntime_runs_it_with_the_same_outputs(folded, tmp_path):
    for package in ("onnx", "onnxscript", "onnxruntime"):
        pytest.importorskip(package, reason="the extra `onnx` is not installed")
    import onnxruntime  # noqa: PLC0415

    path = tmp_path / "model.onnx"
    torch.onnx.export(folded, (X,), path, dynamo=True, verbose=False, input_names=["images"], output_names=["logits"])
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    (logits,) = session.run(["logits"], {"images": X.numpy()})
    assert difference(torch.from_numpy(logits), outputs(folded, X)) < 1e-4
