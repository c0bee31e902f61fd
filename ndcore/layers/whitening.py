"""Mean and covariance of what a layer sees: the values of the plain functions, with a cheaper exact gradient.

The gradient of a covariance needs one matrix product, not two, because it is symmetric. For images on a CPU, what the
statistics contribute to the gradient of the images is added into what the convolution contributes, in place.

Letters of the shapes as in `ndcore.layers.statistics`.
"""

from __future__ import annotations

import sys

import torch
from torch import Tensor
from torch._C._functorch import is_legacy_batchedtensor
from torch.autograd.function import FunctionCtx

from ndcore.layers.checks import full_precision
from ndcore.layers.derivatives import plain_only
from ndcore.layers.inverse_root import PLAIN_ABOVE, symmetric_product
from ndcore.layers.patches import Patches
from ndcore.layers.statistics import mean_and_covariance
from ndcore.layers.synchronize import joint_mean_and_covariance, several_processes

KEPT = 1.1
"""Sample vectors of grouped layers are kept for the backward pass where they are at most so many times the images:
together less than what batch normalisation keeps. Others are gathered once more."""


def sample_statistics(samples: Tensor, eps: float, n_iter: int, synchronize: bool) -> tuple[Tensor, Tensor]:
    """Mean (g, d) and covariance plus eps·I (g, d, d) of sample vectors (g, r, d).

    Args:
        n_iter: iterations of the inverse square root to come; see `ndcore.layers.inverse_root.PLAIN_ABOVE`.
        synchronize: take the sample vectors of all processes of `torch.distributed` together.
    """
    if synchronize and several_processes():
        return joint_mean_and_covariance(samples, eps)
    plain = n_iter > PLAIN_ABOVE or plain_only(samples)
    return (mean_and_covariance if plain else _SampleStatistics.apply)(samples, eps)


def image_statistics(x: Tensor, patches: Patches, eps: float) -> tuple[Tensor, Tensor, Tensor]:
    """The same of the sample vectors of images (n, c, h, w) on a CPU.

    Returns:
        x itself, mean (g, d) and covariance plus eps·I (g, d, d). The convolution has to take its input from here: the
        gradient that arrives at this x receives that of the statistics, in place where nobody else holds it.
    """
    if plain_only(x):
        return x, *mean_and_covariance(patches.sample(x), eps)
    x, mean, covariance, _ = _ImageStatistics.apply(x, patches, eps)
    return x, mean, covariance


class _SampleStatistics(torch.autograd.Function):
    @staticmethod
    def forward(ctx: FunctionCtx, samples: Tensor, eps: float) -> tuple[Tensor, Tensor]:
        mean, covariance = mean_and_covariance(samples, eps)
        ctx.save_for_backward(samples, mean)
        return mean, covariance

    @staticmethod
    def backward(ctx: FunctionCtx, grad_mean: Tensor, grad_covariance: Tensor) -> tuple[Tensor, None]:
        samples, mean = ctx.saved_tensors
        return _gradient(samples - mean.unsqueeze(1), grad_mean, grad_covariance), None


class _ImageStatistics(torch.autograd.Function):
    @staticmethod
    def forward(ctx: FunctionCtx, x: Tensor, patches: Patches, eps: float) -> tuple[Tensor, ...]:
        samples = patches.gather(_image(x))  # (g, r, d)
        mean = samples.mean(1)  # (g, d)
        samples -= mean.unsqueeze(1)
        covariance = symmetric_product(samples.mT, samples).div_(samples.shape[1])  # (g, d, d)
        covariance.diagonal(dim1=1, dim2=2).add_(eps)
        kept = patches.groups > 1 and samples.numel() <= KEPT * x.numel()
        ctx.save_for_backward(x, mean, samples if kept else None)
        ctx.patches, ctx.eps = patches, eps
        unused = x.new_empty(0)  # its gradient is one that nobody holds; `_held_elsewhere` compares with it
        return x, patches.published(mean), patches.published(covariance), unused

    @staticmethod
    def backward(
        ctx: FunctionCtx, grad: Tensor, grad_mean: Tensor, grad_covariance: Tensor, unheld: Tensor
    ) -> tuple[Tensor, None, None]:
        x, mean, centred = ctx.saved_tensors
        patches: Patches = ctx.patches
        grads = grad_mean, grad_covariance
        if torch.is_grad_enabled() or plain_only(grad, *grads) or any(map(is_legacy_batchedtensor, (grad, *grads))):
            return grad + _plain_gradient(x, patches, ctx.eps, grads), None, None
        if centred is None:
            centred = patches.gather(_image(x)).sub_(mean.unsqueeze(1))  # (g, r, d)
        grad_samples = _gradient(centred, patches.gathered(grad_mean), patches.gathered(grad_covariance))  # (g, r, d)
        image = _image(grad.clone() if _held_elsewhere(grad, unheld) else grad)  # (n, h, w, c)
        patches.scatter(grad_samples, image)
        return image.permute(0, 3, 1, 2), None, None


def _held_elsewhere(grad: Tensor, unheld: Tensor) -> bool:
    """Whether somebody else sees what is written into this gradient.

    Args:
        unheld: a gradient that came the same way, and that nobody else can hold.
    """
    return any(
        references(grad) > references(unheld)
        for references in (
            sys.getrefcount,  # of the Python object: a hook's, or the caller's own gradient
            Tensor._use_count,  # of the tensor: of `autograd.grad` that was asked for it
            lambda tensor: torch._C._storage_Use_Count(
                tensor.untyped_storage()._cdata
            ),  # of the memory: a view's, or a detached copy's
        )
    )


def _plain_gradient(x: Tensor, patches: Patches, eps: float, grads: tuple[Tensor, Tensor]) -> Tensor:
    """Gradient of images (n, c, h, w) from those of their statistics; nothing in place, itself differentiable."""
    create_graph = torch.is_grad_enabled()
    with torch.enable_grad(), full_precision(x):
        alias = x.view_as(x)  # the hooks of x wait for all of its gradient
        statistics = mean_and_covariance(patches.sample(alias), eps)
        return torch.autograd.grad(statistics, alias, grads, create_graph=create_graph)[0]


def _image(x: Tensor) -> Tensor:
    """(n, c, h, w) → (n, h, w, c), contiguous; a view where the channels of a pixel lie together in memory."""
    return x.permute(0, 2, 3, 1).contiguous()


def _gradient(centred: Tensor, grad_mean: Tensor, grad_covariance: Tensor) -> Tensor:
    """Gradient of sample vectors (g, r, d) from their centred copy and the gradients of mean and covariance."""
    scale = 1 / centred.shape[1]
    # no gradient through the centring: it would be the mean of this product, and the centred samples sum to zero
    symmetric = grad_covariance + grad_covariance.mT  # (g, d, d)
    if centred.is_contiguous():
        return torch.baddbmm(grad_mean.unsqueeze(1), centred, symmetric, beta=scale, alpha=scale)
    return torch.baddbmm(grad_mean.unsqueeze(2), symmetric, centred.mT, beta=scale, alpha=scale).mT
