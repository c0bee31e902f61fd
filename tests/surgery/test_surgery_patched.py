"""Layers and models that do something else than the forward of their class, or are used by more than their call."""

from __future__ import annotations

from functools import partial
from types import MethodType

import pytest
import torch
import torch.nn.functional as F
from torch import nn

import ndcore
from ndcore.errors import UserError
from ndcore.layers import Delinear, FastDeconv, FastDeconv1d, FastDeconvTranspose2d

pytestmark = pytest.mark.filterwarnings("ignore:fold. the running statistics")  # of layers that nobody trains here

X = torch.linspace(-1, 2, 2 * 3 * 8 * 8, dtype=torch.float64).sin().view(2, 3, 8, 8)


class Parts(nn.Module):
    """A convolution and a normalisation with statistics of their own; subclasses use them."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.norm = nn.Conv2d(3, 4, 3, padding=1), nn.BatchNorm2d(4)
        with torch.no_grad():
            for value in (self.norm.weight, self.norm.bias, self.norm.running_mean, self.norm.running_var):
                value.uniform_(0.3, 0.7)


def same(model: nn.Module, x: torch.Tensor = X, **options) -> tuple[nn.Module, ndcore.surgery.Summary]:
    """The converted model, which gives the same in evaluation mode."""
    model = model.double().eval()
    result, summary = ndcore.deconvolve(model, report=True, **options)
    torch.testing.assert_close(result(x), model(x), rtol=0, atol=1e-12)
    return result, summary


def same_fold(model: nn.Module, x: torch.Tensor = X) -> None:
    torch.testing.assert_close(ndcore.fold(model)(x), model(x), rtol=0, atol=1e-12)


def doubled(module: nn.Module) -> nn.Module:
    module.forward = MethodType(lambda self, x: 2 * type(self).forward(self, x), module)
    return module


@pytest.mark.parametrize("which", ["conv", "norm"])
def test_a_forward_set_on_a_layer_stays(which):
    class Model(Parts):
        def forward(self, x):
            return self.norm(self.conv(x))

    model = Model()
    model.last = nn.Conv2d(4, 4, 1)
    doubled(getattr(model, which))
    model.forward = MethodType(lambda self, x: self.last(self.norm(self.conv(x))), model)
    _, summary = same(model)
    assert which in {change.name for change in summary.left}
    same_fold(nn.Sequential(model, nn.Conv2d(4, 4, 1), nn.BatchNorm2d(4)).double().eval())


def test_a_forward_set_on_the_model_is_the_one_that_is_traced():
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Conv2d(4, 4, 1), nn.BatchNorm2d(4))
    model[1].running_mean.fill_(0.4)
    model.forward = MethodType(lambda self, x: self[3](self[2](self[1](self[0](x).relu()) * 2)), model)
    _, summary = same(model)
    assert [change.name for change in summary.left] == ["1"]
    same_fold(model)


def test_a_call_of_its_own_around_forward():
    class Layer(nn.Conv2d):
        def __call__(self, x):
            return 2 * super().__call__(x)

    class Model(Parts):
        def __call__(self, x):
            return 2 * super().__call__(x)

        def forward(self, x):
            return self.norm(self.conv(x))

    _, summary = same(nn.Sequential(Layer(3, 4, 3), nn.Conv2d(4, 4, 1)))
    assert [change.name for change in summary.left] == ["0"]
    with pytest.raises(UserError, match="nothing to fold; left are norm"):
        ndcore.fold(Model())


@pytest.mark.parametrize("kind", [FastDeconv, FastDeconvTranspose2d, Delinear])
def test_fold_leaves_our_layers_with_a_forward_of_their_own(kind):
    class Own(kind):
        def forward(self, x):
            return 2 * super().forward(x)

    sizes, x = ((8, 3), X.flatten(0, 2)) if kind is Delinear else ((3, 3, 1), X)
    for first in (Own(*sizes), doubled(kind(*sizes))):
        model = nn.Sequential(first, Delinear(3, 4) if kind is Delinear else FastDeconv(3, 4, 1)).double()
        model(x)
        same_fold(model.eval(), x)


def test_modules_inside_of_a_layer_stay():
    watched = nn.Conv2d(3, 4, 3)
    watched.observer = nn.Identity()
    watched.register_forward_hook(lambda module, inputs, output: module.observer(output))
    _, summary = same(nn.Sequential(watched, nn.Conv2d(4, 4, 1)))
    assert [change.name for change in summary.left] == ["0"]


def test_fold_keeps_weights_that_others_read():
    class Read(Parts):
        def forward(self, x):
            return self.norm(self.conv(x)) + F.conv2d(x, self.conv.weight, padding=1)

    class Own(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = FastDeconv(3, 4, 3, padding=1)

        def forward(self, x):
            return self.layer(x) + F.conv2d(x, self.layer.weight, padding=1)

    for model in (Read(), Own()):
        whole = nn.Sequential(model, nn.Conv2d(4, 4, 1), nn.BatchNorm2d(4)).double()
        whole(X)
        same_fold(whole.eval())


def test_a_normalisation_whose_statistics_are_read_stays():
    class Model(Parts):
        def forward(self, x):
            return self.norm(self.conv(x)) * self.norm.running_var.mean()

    _, summary = same(Model())
    assert [change.name for change in summary.left] == ["norm"]


def test_values_shared_without_sharing_the_parameter():
    class Model(Parts):
        def forward(self, x):
            return self.norm(self.conv(x)) + self.other(x)

    model = Model()
    model.other = nn.Conv2d(3, 4, 3, padding=1)
    model = model.double().eval()
    model.other.weight.data = model.conv.weight.data
    expected = model(X)
    torch.testing.assert_close(ndcore.deconvolve(model, inplace=True)(X), expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("padding_mode", ["zeros", "reflect"])
@pytest.mark.parametrize("padding", [2, (2, 2), (0, 0)])
def test_padding_and_dilation_that_were_changed_later(padding, padding_mode):
    conv = nn.Conv2d(3, 4, 3, padding=1, padding_mode=padding_mode)
    conv.padding, conv.dilation = padding, (2, 2)
    result, _ = same(nn.Sequential(conv, nn.BatchNorm2d(4)))
    same_fold(result)


@pytest.mark.parametrize(("kind", "x"), [(FastDeconv, X), (FastDeconv1d, X.flatten(2))])
def test_padding_of_our_layers_that_was_changed_later(kind, x):
    layer, made_so = (kind(3, 4, 3, padding=padding, averaging="published").double() for padding in (0, 2))
    made_so.load_state_dict(layer.state_dict())
    layer.padding = made_so.padding
    torch.testing.assert_close(layer(x), made_so(x), rtol=0, atol=1e-12)


def test_an_argument_called_input():
    class Model(Parts):
        def forward(self, x):
            return self.norm(input=self.conv(input=x)).mean((2, 3))

    same(Model())
    assert Delinear(4, 2)(input=torch.randn(3, 4)).shape == (3, 2)


def test_a_transposed_convolution_with_output_size_stays():
    class Model(Parts):
        def forward(self, x):
            return self.up(self.conv(x)[:, :, ::2, ::2], output_size=x.shape[2:])

    model = Model()
    model.up = nn.ConvTranspose2d(4, 2, 3, stride=2, padding=1)
    _, summary = same(model, include=[nn.Conv2d, nn.ConvTranspose2d])
    assert "output_size" in next(change.note for change in summary.left if change.name == "up")


def test_a_layer_held_in_a_partial_function_is_refused():
    class Model(Parts):
        def __init__(self) -> None:
            super().__init__()
            self.call = partial(self.conv)

        def forward(self, x):
            return self.norm(self.call(x))

    with pytest.raises(UserError, match="conv: also held in the plain Python attribute 'call'"):
        ndcore.deconvolve(Model())


class Calling(Parts):
    """Calls its convolution through an attribute."""

    def forward(self, x):
        return self.norm(self.call(x))


def in_a_closure(model):
    return lambda x: model.conv(x).relu()


def in_a_closure_directly(model):
    conv = model.conv
    return lambda x: conv(x).relu()


def in_a_default(model):
    return lambda x, conv=model.conv: conv(x).relu()


def in_a_nested_closure(model):
    inner = in_a_closure(model)
    return partial(lambda x: inner(x).relu())


def parameter_in_a_closure(model):
    weight = model.conv.weight
    return lambda x: F.conv2d(x, weight)


def in_an_object_in_a_closure(model):
    caller = Caller(model.conv)
    return lambda x: caller(2 * x)


class Caller:
    """A plain object that holds a layer."""

    def __init__(self, layer):
        self.layer = layer

    def __call__(self, x):
        return self.layer(x).relu()


@pytest.mark.parametrize(
    "function",
    [
        in_a_closure,
        in_a_closure_directly,
        in_a_default,
        in_a_nested_closure,
        in_an_object_in_a_closure,
        parameter_in_a_closure,
    ],
)
@pytest.mark.parametrize("task", [ndcore.deconvolve, partial(ndcore.deconvolve, example=X.float()), ndcore.fold])
def test_a_model_whose_copy_would_use_the_old_layer_is_refused(function, task):
    model = Calling()
    model.call = function(model)
    with pytest.raises(UserError, match=r"^the model: the function in its attribute 'call' holds .*inplace=True"):
        task(model)


@pytest.mark.parametrize("inplace", [False, True])
def test_a_layer_that_a_plain_object_holds_as_well_is_refused(inplace):
    model = Calling()
    model.call = Caller(model.conv)
    with pytest.raises(UserError, match="conv: also held in the plain Python attribute 'call'"):
        ndcore.deconvolve(model, inplace=inplace)


def test_a_model_with_a_function_is_changed_in_place_unless_the_function_holds_the_layer():
    model = Calling()
    model.call = in_a_closure(model)
    assert type(ndcore.deconvolve(model, inplace=True).conv) is FastDeconv
    model(X.float())
    assert model.conv.running_mean.any(), "the function calls the new layer"
    model = Calling()
    model.call = in_a_closure_directly(model)
    with pytest.raises(UserError, match="conv: also held in the plain Python attribute 'call'"):
        ndcore.deconvolve(model, inplace=True)


def test_functions_and_hooks_that_hold_nothing_of_the_model_are_copied():
    class Model(Parts):
        def forward(self, x):
            return self.norm(self.scale(self.conv(x)))

    model, factor = Model(), 2.0
    model.scale = lambda x: factor * x
    model.conv.register_forward_hook(lambda *_: setattr(model, "called", True))
    _, summary = same(model)
    assert summary.replaced
