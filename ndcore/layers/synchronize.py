"""Mean and covariance over all processes of `torch.distributed`: what `synchronize=True` means.

As `SyncBatchNorm` for batch normalisation: in training every process sees the statistics of the joint batch, and the
gradient goes through the reduction. Each process weighs by its number of sample vectors, so batches may differ in size,
but each needs at least one image, and every process must run the same layers forward and backward in the same order.

Gradients are those of the *sum* of the losses of all processes. `DistributedDataParallel` divides the gradients of the
parameters by the number of processes: with a loss that is a mean over equally large batches, that is the gradient of
the mean over the joint batch.

A 1×1 `FastDeconv` takes every s-th vector of the flattened (n, h, w) index (s = 9 at stride 1), counted from zero in
each process. Its joint sample is that of one process with the joint batch only where n·h·w of every process but the
last is a multiple of s; elsewhere it is as good a sample, but another one.

Without `synchronize` each process whitens with the statistics of its own batch, and its running values are its own;
`DistributedDataParallel` then overwrites them with those of process 0 before each training step, so what is evaluated
and saved has seen the batches of process 0 only.
"""

from __future__ import annotations

import torch
import torch.distributed as dist
from torch import Tensor
from torch.autograd.function import FunctionCtx, once_differentiable


def several_processes() -> bool:
    """Whether there is anything to synchronise with."""
    return dist.is_available() and dist.is_initialized() and dist.get_world_size() > 1


def joint_count(count: Tensor) -> Tensor:
    """The sum of a count over all processes."""
    dist.all_reduce(count)
    return count


def joint_mean_and_covariance(samples: Tensor, eps: float) -> tuple[Tensor, Tensor]:
    """`mean_and_covariance` of the sample vectors (g, r, d) of all processes; r may differ. Differentiable once.

    Returns:
        Mean (g, d) and covariance plus eps·I (g, d, d), the same in every process.
    """
    return _JointMeanCovariance.apply(samples, eps)


class _JointMeanCovariance(torch.autograd.Function):
    @staticmethod
    def forward(ctx: FunctionCtx, samples: Tensor, eps: float) -> tuple[Tensor, Tensor]:
        groups, r, d = samples.shape
        # Two reductions: centred about the joint mean, the products have the rounding errors of one process. A single
        # reduction would have to carry Σ r·μ·μᵀ as well, which cancels where means are large against the spread, and
        # would save one message of d numbers beside the one of d².
        sums = torch.cat([samples.sum(1).flatten(), samples.new_full((1,), r)])  # (g·d + 1)
        dist.all_reduce(sums)
        count = sums[-1]  # stays on the device
        mean = (sums[:-1] / count).view(groups, d)  # (g, d)
        centred = samples - mean.unsqueeze(1)  # (g, r, d)
        covariance = torch.bmm(centred.mT, centred)  # (g, d, d)
        dist.all_reduce(covariance)
        covariance /= count
        covariance.diagonal(dim1=-2, dim2=-1).add_(eps)
        ctx.save_for_backward(samples, mean, count)
        return mean, covariance

    @staticmethod
    @once_differentiable
    def backward(ctx: FunctionCtx, grad_mean: Tensor, grad_covariance: Tensor) -> tuple[Tensor, None]:
        samples, mean, count = ctx.saved_tensors
        groups, d = mean.shape
        symmetric = grad_covariance + grad_covariance.mT  # (g, d, d)
        grads = torch.cat([grad_mean.flatten(), symmetric.flatten()])  # (g·d + g·d²)
        dist.all_reduce(grads)
        grad_mean, symmetric = grads[: groups * d].view(groups, 1, d), grads[groups * d :].view(groups, d, d)
        # as in one process there is no gradient through the centring: all centred samples together sum to zero
        centred = samples - mean.unsqueeze(1)  # (g, r, d)
        return torch.baddbmm(grad_mean, centred, symmetric) / count, None  # (g, r, d)
