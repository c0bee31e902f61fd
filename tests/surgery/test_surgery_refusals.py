"""What cannot be right is refused in one line that names the layer."""

from __future__ import annotations

import threading

import pytest
import torch
from surgery_helpers import conv_net
from torch import nn

import ndcore
from ndcore.errors import UserError
from ndcore.layers import ChannelDeconv


@pytest.mark.parametrize(("model", "options", "words"), [
    (nn.Sequential(nn.ReLU()), {}, "Sequential has no Conv2d and no Linear layer"),
    (nn.Sequential(nn.Conv1d(3, 3, 1)), {}, r"nothing of Sequential would be .*0 \(a Conv1d is replaced where"),
    (conv_net(), {"exclude": nn.Module}, r"0 \(excluded\)"),
    (conv_net(), {"include": "9*"}, "unknown module in include '9\\*'"),
    (conv_net(), {"exclude": "head"}, "unknown module in exclude 'head'"),
    (conv_net(), {"overrides": {"stem": {"n_iter": 9}}}, "unknown module in overrides 'stem'"),
    (conv_net(), {"exclude": 3}, "exclude=3: a rule is"),
    (conv_net(), {"exclude": [3]}, "exclude=3: a rule is"),
    (conv_net(), {"batch_norm": "fuse"}, "unknown batch_norm 'fuse'"),
    (conv_net(), {"conv": {"n_iters": 3}}, "unknown option of FastDeconv 'n_iters': did you mean n_iter"),
    (conv_net(), {"linear": {"freeze": True}}, "unknown option of Delinear 'freeze'"),
    (conv_net(), {"conv": {"stride": 2}}, "unknown option of FastDeconv 'stride'"),
    (conv_net(), {"overrides": {"7": {"freeze": True}}}, "'freeze' for '7' has no effect"),
    (conv_net(), {"conv": {"n_iter": 0}}, "^0: .*n_iter=0"),
    (conv_net(), {"conv": {"bias": False}}, "^0: bias=False: a bias can be added"),
    (nn.Sequential(nn.LazyConv2d(3, 1)), {}, "^0: not initialised yet"),
    (nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 3).bfloat16()), {}, "^1: its weight is torch.bfloat16"),
    (torch.nn.Parameter(torch.zeros(2)), {}, "needs an nn.Module, got Parameter"),
])  # fmt: skip
def test_refused_with_the_name_and_what_to_do(model, options, words):
    with pytest.raises(UserError, match=words):
        ndcore.deconvolve(model, **options)


def test_refusal_in_place_leaves_the_model_whole():
    model = nn.Sequential(nn.Conv2d(3, 3, 1), nn.Linear(3, 3).half())
    with pytest.raises(UserError, match=r"^1: its weight is torch\.float16"):
        ndcore.deconvolve(model, inplace=True)
    assert type(model[0]) is nn.Conv2d


def test_layers_held_in_plain_python_are_refused():
    model = conv_net()
    model.by_size = {"small": [model[0]]}
    with pytest.raises(UserError, match=r"^0: also held in the plain Python attribute 'by_size' of the model"):
        ndcore.deconvolve(model)
    assert ndcore.deconvolve(model, exclude="0").by_size["small"][0] is not model[0]


@pytest.mark.parametrize("work", [ndcore.deconvolve, ndcore.fold])
@pytest.mark.parametrize("kind", ["FastDeconv", "Delinear", "ChannelDeconv"])
def test_layers_of_the_published_code_are_refused_and_it_is_said_how(work, kind):
    own = type(kind, (nn.Module,), {"__module__": "models.deconv"})
    words = rf"^8: {kind} of models\.deconv, not of ndcore\.layers; {work.__name__} what .*load_original\(name, norm"
    with pytest.raises(UserError, match=words):
        work(nn.Sequential(*conv_net(), own()))


def test_what_cannot_be_copied_can_be_changed_in_place():
    model = conv_net()
    model.lock = threading.Lock()
    with pytest.raises(UserError, match="Sequential cannot be copied"):
        ndcore.deconvolve(model)
    new = ndcore.deconvolve(model, inplace=True)
    assert isinstance(new[1], nn.BatchNorm2d)  # what cannot be copied is not traced either


@pytest.mark.parametrize("function", [ndcore.deconvolve, ndcore.fold])
def test_wrapped_models_are_refused(function):
    with pytest.raises(UserError, match="before it is compiled, scripted or distributed"):
        function(torch.compile(conv_net()))


@pytest.mark.parametrize(("model", "words"), [
    (nn.Sequential(nn.Conv2d(3, 3, 1), nn.ReLU()), "Sequential has no deconvolution .* nothing to fold"),
    (nn.Sequential(nn.BatchNorm2d(3), nn.Conv2d(3, 3, 1)), "nothing to fold"),
    (nn.Sequential(nn.Conv2d(8, 8, 1), ChannelDeconv(4)), "^1: ChannelDeconv acts on activations"),
    ("resnet18", "fold needs an nn.Module, got str"),
])  # fmt: skip
def test_fold_refuses(model, words):
    with pytest.raises(UserError, match=words):
        ndcore.fold(model)
