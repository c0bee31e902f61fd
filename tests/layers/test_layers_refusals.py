"""What the layers refuse, and that the message names the layer and the numbers; a refused input changes nothing."""

import re

import pytest
import torch

from ndcore.errors import NonFiniteError
from ndcore.layers import ChannelDeconv, Delinear, FastDeconv

NAN, INF = float("nan"), float("inf")


def randn(*shape: int) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(0))


def spoiled(value: float, *shape: int) -> torch.Tensor:
    x = randn(*shape)
    x.view(-1)[0] = value
    return x


SIZES = {
    "groups and inputs": (lambda: FastDeconv(4, 6, 3, groups=3), "FastDeconv(4, 6, kernel_size=3, groups=3)"),
    "groups and outputs": (lambda: FastDeconv(6, 4, 3, groups=3), "multiples of groups"),
    "no channels": (lambda: FastDeconv(0, 4, 3), "in_channels=0"),
    "no outputs": (lambda: FastDeconv(4, 0, 3), "out_channels=0"),
    "no groups": (lambda: FastDeconv(4, 4, 3, groups=0), "groups=0"),
    "no block": (lambda: FastDeconv(4, 4, 3, block=0), "block=0"),
    "fractional block": (lambda: FastDeconv(4, 4, 3, block=2.5), "block=2.5"),
    "no iteration": (lambda: FastDeconv(4, 4, 3, n_iter=0), "n_iter=0"),
    "fractional iterations": (lambda: FastDeconv(4, 4, 3, n_iter=2.5), "n_iter=2.5"),
    "sampling stride": (lambda: FastDeconv(4, 4, 3, sampling_stride=(2, 2)), "sampling_stride=(2, 2)"),
    "freeze_iter": (lambda: FastDeconv(4, 4, 3, freeze_iter=0), "freeze_iter=0"),
    "kernel": (lambda: FastDeconv(4, 4, 0), "kernel_size=0"),
    "three kernel axes": (lambda: FastDeconv(4, 4, (3, 3, 3)), "kernel_size=(3, 3, 3)"),
    "one kernel axis": (lambda: FastDeconv(4, 4, (3,)), "kernel_size=(3,)"),
    "stride": (lambda: FastDeconv(4, 4, 3, stride=0), "stride=0"),
    "padding": (lambda: FastDeconv(4, 4, 3, padding=-1), "padding=-1"),
    "padding by name": (lambda: FastDeconv(4, 4, 3, padding="most"), "'most'"),
    "padding mode": (lambda: FastDeconv(4, 4, 3, padding_mode="mirror"), "padding_mode='mirror'"),
    "same size and stride": (lambda: FastDeconv(4, 4, 3, stride=2, padding="same"), "padding='same'"),
    "averaging": (lambda: FastDeconv(4, 4, 3, averaging="mean"), "averaging='mean' must be one of 'published', 'weig"),
    "mean without count": (lambda: FastDeconv(4, 4, 3, momentum=None), "momentum=None, the mean of all batches, needs"),
    "dilation": (lambda: FastDeconv(4, 4, 3, dilation=(1, 0)), "dilation=(1, 0)"),
    "negative eps": (lambda: FastDeconv(4, 4, 3, eps=-1e-5), "eps=-1e-05"),
    "eps not a number": (lambda: FastDeconv(4, 4, 3, eps=NAN), "eps=nan"),
    "momentum": (lambda: FastDeconv(4, 4, 3, momentum=1.5), "momentum=1.5"),
    "no features": (lambda: Delinear(0, 3), "Delinear(0, 3): in_features=0"),
    "linear block": (lambda: Delinear(4, 3, block=0), "Delinear(4, 3): block=0"),
    "linear eps": (lambda: Delinear(4, 3, eps=-1), "eps=-1"),
    "linear averaging": (lambda: Delinear(4, 3, momentum=None), 'averaging="weighted"'),
    "channel block": (lambda: ChannelDeconv(0), "ChannelDeconv: block=0"),
    "channel momentum": (lambda: ChannelDeconv(2, momentum=-0.1), "momentum=-0.1"),
}


@pytest.mark.parametrize(("make", "message"), SIZES.values(), ids=SIZES)
def test_sizes(make, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        make()


CONV = FastDeconv(4, 2, 3, stride=2, padding=1)
INPUTS = {
    "two axes": (CONV, randn(6, 6), ValueError, "needs an input (n, 4, h, w), got (6, 6)"),
    "channels": (CONV, randn(2, 5, 6, 6), ValueError, "needs an input (n, 4, h, w), got (2, 5, 6, 6)"),
    "no image": (CONV, randn(0, 4, 6, 6), ValueError, "got an empty batch (0, 4, 6, 6)"),
    "no row": (CONV, randn(2, 4, 0, 6), ValueError, "height 0 with padding 1 is smaller than the kernel"),
    "height": (FastDeconv(4, 2, 5), randn(2, 4, 4, 9), ValueError, "height 4 with padding 0 is smaller than"),
    "width": (FastDeconv(4, 2, 3, dilation=3), randn(2, 4, 7, 6), ValueError, "width 6 with padding 0 is smaller than "
              "the kernel, which reaches over 7"),
    "double": (CONV, randn(2, 4, 6, 6).double(), TypeError, "an input of torch.float64, but the layer is of "
               "torch.float32"),
    "integers": (CONV, torch.ones(2, 4, 6, 6, dtype=torch.long), TypeError, "an input of torch.int64"),
    "NaN": (CONV, spoiled(NAN, 2, 4, 6, 6), NonFiniteError, "of the 288 values of its input (2, 4, 6, 6), 1 are NaN or "
            "infinite and the largest other is"),
    "infinity": (CONV, spoiled(-INF, 2, 4, 6, 6), NonFiniteError, "1 are NaN or infinite"),
    "overflow": (CONV, 1e25 * randn(2, 4, 6, 6).sign(), NonFiniteError, "0 are NaN or infinite and the largest "
                 "other is 1e+25"),
    "norm overflows": (CONV, 1e12 * randn(2, 4, 6, 6).sign(), NonFiniteError, "the largest other is 1e+12"),
    "one group overflows": (FastDeconv(4, 2, 3, groups=2), randn(4, 4, 6, 6) * torch.tensor([1, 1, 1e12, 1e12]).view(
        4, 1, 1), NonFiniteError, "0 are NaN or infinite"),
    "linear overflow": (Delinear(4, 2), 1e12 * randn(3, 4).sign(), NonFiniteError, "the largest other is 1e+12"),
    "no variance, no eps": (FastDeconv(4, 2, 3, eps=0), torch.zeros(2, 4, 6, 6), NonFiniteError, "largest other is 0"),
    "grouped NaN": (FastDeconv(4, 2, 3, groups=2), spoiled(NAN, 2, 4, 6, 6), NonFiniteError, "groups=2"),
    "features": (Delinear(4, 2), randn(3, 5), ValueError, "needs an input (…, 4), got (3, 5)"),
    "no axis": (Delinear(4, 2), torch.zeros(()), ValueError, "needs an input (…, 4), got ()"),
    "one vector": (Delinear(4, 2), randn(4), ValueError, "one sample vector has no covariance, and the input (4,) gives "
                   "one: take a larger batch"),
    "one image": (FastDeconv(4, 2, 1), randn(1, 4, 1, 1), ValueError, "gives one: take a larger batch, or "
                  "sampling_stride=1 instead of 3"),
    "nine images": (FastDeconv(4, 2, 1), randn(9, 4, 1, 1), ValueError, "and the input (9, 4, 1, 1) gives one"),
    "no rows": (Delinear(4, 2), randn(0, 4), ValueError, "got an empty batch (0, 4)"),
    "linear double": (Delinear(4, 2), randn(3, 4).double(), TypeError, "an input of torch.float64"),
    "linear NaN": (Delinear(4, 2), spoiled(NAN, 3, 4), NonFiniteError, "of the 12 values of its input (3, 4)"),
    "channel axes": (ChannelDeconv(2), randn(2, 4, 4), ValueError, "(n, c, h, w) or (n, c) that is not empty, got"),
    "channel batch": (ChannelDeconv(2), randn(0, 4), ValueError, "not empty, got (0, 4)"),
    "channel count": (ChannelDeconv(5), randn(2, 4, 3, 3), ValueError, "needs at least 5 channels, got (2, 4, 3, 3)"),
    "channel double": (ChannelDeconv(2), randn(2, 4).double(), TypeError, "an input of torch.float64"),
    "channel NaN": (ChannelDeconv(2), spoiled(NAN, 2, 4, 3, 3), NonFiniteError, "is not finite or too large"),
    "channel NaN beyond": (ChannelDeconv(2), spoiled(NAN, 2, 3, 3, 3).flip(1), NonFiniteError, "variance is not"),
    "channel one value": (ChannelDeconv(2), randn(1, 3, 1, 1), ValueError, "one value has no variance; the 1 channels"),
}  # fmt: skip


@pytest.mark.parametrize(("layer", "x", "error", "message"), INPUTS.values(), ids=INPUTS)
def test_inputs_in_training(layer, x, error, message):
    layer.train()
    with pytest.raises(error, match=re.escape(message)) as caught:
        layer(x)
    assert type(layer).__name__ in str(caught.value)
    assert all(buffer.isfinite().all() for buffer in layer.buffers())


@pytest.mark.parametrize("name", ["two axes", "channels", "height", "double", "features", "linear double"])
def test_inputs_in_evaluation(name):
    layer, x, error, message = INPUTS[name]
    with pytest.raises(error, match=re.escape(message)):
        layer.eval()(x)


@pytest.mark.parametrize("name", ["channels", "no image", "height", "double", "integers", "linear double", "no rows"])
def test_a_refused_input_leaves_no_trace(name):
    layer, x, error, _ = INPUTS[name]
    before = {key: value.clone() for key, value in layer.train().state_dict().items()}
    counter = getattr(layer, "counter", None)
    with pytest.raises(error):
        layer(x)
    assert all(torch.equal(value, before[key]) for key, value in layer.state_dict().items())
    assert getattr(layer, "counter", None) == counter


def test_channels_alone_cannot_be_evaluated_before_training():
    layer = ChannelDeconv(2).eval()
    with pytest.raises(RuntimeError, match=r"ChannelDeconv\(2.*evaluation before the first training step"):
        layer(randn(2, 4, 3, 3))


def test_a_nan_that_only_the_convolution_sees_comes_out_of_it():
    """Where nothing is estimated (here: frozen, and evaluation) the layers behave as convolutions do."""
    layer = FastDeconv(2, 2, 3, freeze=True, freeze_iter=1)
    for _ in range(2):
        layer(randn(2, 2, 5, 5))
    assert layer.frozen
    x = spoiled(NAN, 2, 2, 5, 5)
    assert layer(x).isnan().any()
    assert layer.eval()(x).isnan().any()
    assert all(buffer.isfinite().all() for buffer in layer.buffers())
