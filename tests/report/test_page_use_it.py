"""The page "Use it in your model": the images and the training loop that it brings along."""

from __future__ import annotations

import torch
from torch import nn

import ndcore
from ndreport.pages import use_it


def test_a_converted_model_learns_the_digits():
    torch.manual_seed(0)
    (images, labels), test = use_it.digits()
    assert images.shape[1:] == (3, 32, 32)
    model = ndcore.deconvolve(nn.Sequential(nn.AvgPool2d(4), nn.Flatten(), nn.Linear(192, 10)))
    before = use_it.accuracy(model, *test)
    losses = use_it.train(model, images, labels)
    assert len(losses) == -(-len(labels) // 64)
    assert losses[-1] < losses[0]
    assert use_it.accuracy(model, *test) > max(before, 0.5)
