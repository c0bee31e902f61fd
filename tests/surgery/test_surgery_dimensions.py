"""1-D, 3-D and transposed convolutions: replaced where they are asked for, and folded."""

from __future__ import annotations

import pytest
import torch
from surgery_helpers import difference, outputs
from torch import nn

import ndcore
from ndcore.errors import UserError
from ndcore.surgery.kinds import COUNTERPARTS


class UNet(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.down = nn.Sequential(nn.Conv2d(3, 8, 3, 2, 1, bias=False), nn.BatchNorm2d(8), nn.ReLU())
        self.up = nn.Sequential(nn.ConvTranspose2d(8, 6, 4, 2, 1, groups=2, bias=False), nn.BatchNorm2d(6), nn.ReLU())
        self.head = nn.Conv2d(9, 2, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(torch.cat([x, self.up(self.down(x))], dim=1))


def audio() -> nn.Module:
    return nn.Sequential(
        nn.Conv1d(2, 8, 5, 2, 2), nn.BatchNorm1d(8), nn.ReLU(),
        nn.Conv1d(8, 4, 3, padding="same", padding_mode="reflect"),
        nn.AdaptiveAvgPool1d(1), nn.Flatten(), nn.Linear(4, 3),
    )  # fmt: skip


def video() -> nn.Module:
    return nn.Sequential(
        nn.Conv3d(2, 4, 3, padding=1, bias=False), nn.BatchNorm3d(4), nn.ReLU(), nn.Conv3d(4, 4, 2, groups=2),
        nn.AdaptiveAvgPool3d(1), nn.Flatten(), nn.Linear(4, 3),
    )  # fmt: skip


def generator() -> nn.Module:
    return nn.Sequential(
        nn.ConvTranspose2d(5, 8, 4), nn.BatchNorm2d(8), nn.ReLU(), nn.ConvTranspose2d(8, 3, 3, 2, 1, output_padding=1),
        nn.Tanh(),
    )  # fmt: skip


MODELS = {
    "audio": (audio, (16, 2, 40)),
    "video": (video, (8, 2, 5, 6, 6)),
    "u-net": (UNet, (8, 3, 12, 12)),
    "generator": (generator, (16, 5, 3, 3)),
    "transposed 1-D": (lambda: nn.Sequential(nn.ConvTranspose1d(3, 4, 3, 2), nn.BatchNorm1d(4)), (8, 3, 20)),
    "transposed 3-D": (lambda: nn.Sequential(nn.ConvTranspose3d(3, 4, 2), nn.BatchNorm3d(4)), (8, 3, 4, 4, 4)),
}


@pytest.mark.parametrize("name", MODELS)
def test_all_kinds_are_replaced_trained_and_folded(name):
    torch.manual_seed(0)
    build, shape = MODELS[name]
    model, x = build().double(), torch.randn(shape, dtype=torch.float64) + 1
    for module in model.modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm):  # as if it had been trained
            module.running_mean.uniform_(-1, 1)
            module.running_var.uniform_(0.5, 2)
            nn.init.uniform_(module.weight, 0.5, 2)
    new, summary = ndcore.deconvolve(model, include=list(COUNTERPARTS), report=True)
    assert not summary.left
    assert not any(isinstance(m, nn.modules.batchnorm._BatchNorm) for m in new.modules())
    assert difference(outputs(new, x), outputs(model, x)) < 1e-10
    new.train()
    before = new(x).detach()
    optimiser = torch.optim.SGD(new.parameters(), 0.05)
    for _ in range(3):
        optimiser.zero_grad()
        new(x).square().mean().backward()
        optimiser.step()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in new.parameters())
    assert new(x).square().mean() < before.square().mean()
    folded = ndcore.fold(new)
    assert not any(type(m).__module__.startswith("ndcore") for m in folded.modules())
    assert difference(outputs(folded, x), outputs(new, x)) < 1e-10


@pytest.mark.parametrize("name", ["audio", "u-net"])
def test_they_are_left_unless_asked_for_and_the_summary_says_how(name):
    model = MODELS[name][0]()
    new, summary = ndcore.deconvolve(model, report=True)
    (note,) = {change.note for change in summary.left if "Conv" in change.was}
    assert "is replaced where `include` asks for it" in note
    assert all(type(m).__name__ in ("FastDeconv", "Delinear") for m in new.modules() if hasattr(m, "running_deconv"))


def test_a_model_of_nothing_else_says_so():
    with pytest.raises(UserError, match=r"left are 0 \(a ConvTranspose2d is replaced where `include` asks for it\)"):
        ndcore.deconvolve(generator())
    with pytest.raises(UserError, match=r"left are the model \(a Conv1d is replaced"):
        ndcore.deconvolve(nn.Conv1d(3, 4, 3))


def test_a_normalisation_after_a_convolution_that_was_left_says_so():
    model = nn.Sequential(nn.Conv1d(3, 4, 3), nn.BatchNorm1d(4), nn.Flatten(), nn.Linear(8, 2))
    _, summary = ndcore.deconvolve(model, report=True)
    assert summary.left[1].note == "follows 0, which was left"


def test_options_and_a_second_call():
    options = {"n_iter": 3, "sampling_stride": 1, "bias": True}
    new = ndcore.deconvolve(UNet(), include=list(COUNTERPARTS), conv=options)
    up = new.up[0]
    assert (type(up).__name__, up.n_iter, up.sampling_stride, up.averaging) == (
        "FastDeconvTranspose2d",
        3,
        1,
        "weighted",
    )
    again, summary = ndcore.deconvolve(new, report=True)
    assert {change.note for change in summary.left} >= {"deconvolved already"}
    assert torch.equal(again.up[0].weight, up.weight)


def test_a_long_kernel_takes_a_smaller_block():
    new = ndcore.deconvolve(nn.Conv1d(64, 4, 65), include=nn.Conv1d)
    assert new.running_deconv.shape == (8 * 65, 8 * 65)


def test_a_normalisation_before_a_transposed_convolution_stays():
    model = nn.Sequential(nn.Conv2d(3, 4, 1), nn.ReLU(), nn.BatchNorm2d(4), nn.ConvTranspose2d(4, 2, 3))
    _, summary = ndcore.deconvolve(model, include=list(COUNTERPARTS), report=True)
    assert [change.note for change in summary.left] == ["stands before 3, which is transposed"]
