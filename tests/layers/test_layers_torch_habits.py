"""What users of `torch.nn` take for granted: mixed modes in one graph, empty batches, tracing, `device=`, padding."""

import copy

import pytest
import torch
import torchvision
from hypothesis import given, settings
from test_layers_reference import Case, convolutions, linears
from torch import Tensor, fx, nn
from torchvision.models.feature_extraction import create_feature_extractor

import ndcore
from ndcore.layers import ChannelDeconv, Delinear, FastDeconv
from ndcore.layers.reference import ReferenceFastDeconv

LAYERS = {
    "3x3": (lambda **kw: FastDeconv(4, 3, 3, padding=1, **kw), (5, 4, 7, 6)),
    "1x1": (lambda **kw: FastDeconv(4, 3, 1, stride=2, **kw), (5, 4, 7, 6)),
    "grouped": (lambda **kw: FastDeconv(4, 4, (3, 2), groups=2, **kw), (5, 4, 7, 6)),
    "linear": (lambda **kw: Delinear(6, 3, block=3, **kw), (8, 6)),
    "channels": (lambda **kw: ChannelDeconv(2, **kw), (5, 5, 7, 6)),
    "channels of rows": (lambda **kw: ChannelDeconv(2, **kw), (5, 5)),
}
every_layer = pytest.mark.parametrize(("make", "shape"), LAYERS.values(), ids=LAYERS)


def randn(*shape: int, seed: int = 0, dtype: torch.dtype = torch.float32) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)


@every_layer
def test_evaluation_and_training_in_one_graph(make, shape):
    layer = make()
    layer(randn(*shape))
    one, other = randn(*shape, seed=1).requires_grad_(), randn(*shape, seed=2).requires_grad_()
    twin = copy.deepcopy(layer)
    leaves = [one, *layer.parameters()]
    expected = torch.autograd.grad(twin.eval()(one).sin().sum(), [one, *twin.parameters()])
    evaluated = layer.eval()(one).sin().sum()
    layer.train()(other).sin().sum().backward()
    assert all(map(torch.equal, torch.autograd.grad(evaluated, leaves), expected))


def test_inference_copies_no_running_matrix():
    layer = FastDeconv(4, 3, 3).eval()
    with torch.no_grad():
        assert layer._constants("running")[1].data_ptr() == layer.running_deconv.data_ptr()
    layer.requires_grad_(False)
    assert layer._constants("running")[1].data_ptr() == layer.running_deconv.data_ptr()


@every_layer
def test_an_empty_batch_in_evaluation(make, shape):
    """Detectors give one where an image has no region of interest."""
    layer = make()
    expected = layer(randn(*shape)).shape
    layer.eval().zero_grad()
    x = torch.empty(0, *shape[1:], requires_grad=True)
    out = layer(x)
    assert out.shape == (0, *expected[1:])
    out.sum().backward()
    assert x.grad.shape == x.shape
    assert all(not parameter.grad.any() for parameter in layer.parameters())


@every_layer
@pytest.mark.parametrize("training", [True, False])
def test_a_traced_model_computes_the_same_and_calls_the_layer(make, shape, training):
    model = nn.Sequential(make(), nn.ReLU())
    model(randn(*shape))
    heard = []
    model[0].register_forward_pre_hook(lambda *_: heard.append("before"))
    model.train(training)
    twin = copy.deepcopy(model)
    traced = fx.symbolic_trace(twin)
    assert [node.op for node in traced.graph.nodes] == ["placeholder", "call_module", "call_module", "output"]
    assert not heard
    for step in range(2):
        assert torch.equal(traced(randn(*shape, seed=step)), model(randn(*shape, seed=step)))
    assert heard == ["before"] * 4
    assert all(torch.equal(a, b) for a, b in zip(traced.buffers(), model.buffers(), strict=True))


@every_layer
@pytest.mark.filterwarnings("ignore::torch.jit.TracerWarning", "ignore:.torch.jit.trace:FutureWarning")
def test_script_tracing_in_evaluation(make, shape):
    layer, x = make(), randn(*shape)
    layer(x)
    assert torch.equal(torch.jit.trace(layer.eval(), (x,))(x), layer(x))


@pytest.mark.filterwarnings("ignore:NOTE. The nodes obtained by tracing the model")
def test_features_of_a_model_by_the_names_of_its_layers():
    model = nn.Sequential()
    model.stem, model.act, model.head = FastDeconv(3, 4, 3), nn.ReLU(), FastDeconv(4, 2, 3)
    x = randn(2, 3, 9, 9)
    model(x)
    nodes = {"train_return_nodes": ["stem", "head"], "eval_return_nodes": ["stem", "head"]}
    found = create_feature_extractor(model, **nodes).eval()(x)
    assert torch.equal(found["stem"], model.eval()[0](x))
    assert torch.equal(found["head"], model(x))


def test_the_layers_of_a_torchvision_model_are_nodes_too():
    model = torchvision.models.squeezenet1_1(num_classes=3)
    model.features[0] = FastDeconv(3, 64, 3, stride=2)
    nodes = [node.target for node in fx.symbolic_trace(model).graph.nodes if node.op == "call_module"]
    assert nodes[0] == "features.0"


@settings(deadline=None, max_examples=60)
@given(case=convolutions())
def test_the_number_of_sample_vectors_of_a_convolution(case: Case):
    check_sample_count(case)


@pytest.mark.parametrize("shape", [(2, 4, 4, 4), (16, 4, 8, 8), (40, 4, 16, 16), (1, 4, 1, 1)])
@pytest.mark.parametrize("kernel_size", [1, 3])
def test_the_number_of_sample_vectors_that_are_chosen_by_shape(kernel_size, shape):
    arguments = {
        "in_channels": 4,
        "out_channels": 2,
        "kernel_size": kernel_size,
        "padding": 1,
        "sampling_stride": "auto",
    }
    check_sample_count(Case(FastDeconv, arguments, shape, 0))


@settings(deadline=None, max_examples=20)
@given(case=linears())
def test_the_number_of_sample_vectors_of_a_linear_layer(case: Case):
    check_sample_count(case)


def check_sample_count(case: Case) -> None:
    layer = case.layer(**case.arguments)
    _, count, features = layer.sample(torch.zeros(case.shape)).shape
    assert layer.sample_count(case.shape) == count
    assert layer.num_features == features


@every_layer
def test_device_and_dtype(make, shape):
    meta = make(device="meta", dtype=torch.float64)
    assert all(tensor.is_meta for tensor in (*meta.parameters(), *meta.buffers()))
    double = make(dtype=torch.float64)
    double.load_state_dict({key: value.double() for key, value in make().state_dict().items()})
    floats = [*double.parameters(), *(b for name, b in double.named_buffers() if "num_" not in name)]
    assert {tensor.dtype for tensor in floats} == {torch.float64}
    assert double(randn(*shape, dtype=torch.float64)).dtype == torch.float64
    filled = meta.to_empty(device="cpu")
    getattr(filled, "reset_parameters", filled.reset_running_stats)()
    fresh = dict(make(dtype=torch.float64).named_buffers())
    assert all(torch.equal(buffer, fresh[name]) for name, buffer in filled.named_buffers())


PADS = {"reflect": nn.ReflectionPad2d, "replicate": nn.ReplicationPad2d, "circular": nn.CircularPad2d}


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel lengths:UserWarning")  # of nn.Conv2d
@pytest.mark.parametrize(
    ("arguments", "pad", "padding"),
    [
        *(({"padding": (2, 1), "padding_mode": mode}, pad((1, 1, 2, 2)), 0) for mode, pad in PADS.items()),
        ({"padding": "same", "padding_mode": "circular"}, nn.CircularPad2d(1), 0),
        ({"padding": "same"}, None, 1),
        ({"padding": "same", "dilation": (1, 2)}, None, (1, 2)),
        ({"padding": "same", "kernel_size": (2, 3)}, nn.ZeroPad2d((1, 1, 0, 1)), 0),
        ({"padding": "same", "kernel_size": 4, "padding_mode": "reflect"}, nn.ReflectionPad2d((1, 2, 1, 2)), 0),
        ({"padding": "same", "kernel_size": 1}, None, 0),
        ({"padding": "valid"}, None, 0),
        ({"padding": 1, "kernel_size": 1, "padding_mode": "reflect"}, nn.ReflectionPad2d(1), 0),
    ],
)
def test_padding_is_a_padding_module_before_the_reference_layer(arguments, pad, padding):
    arguments = {"kernel_size": 3, **arguments}
    layer = FastDeconv(4, 3, block=2, dtype=torch.float64, **arguments)
    own = arguments | {"padding": padding, "padding_mode": "zeros"}
    plain = ReferenceFastDeconv(4, 3, block=2, dtype=torch.float64, **own)
    plain.load_state_dict(layer.state_dict())
    x = randn(3, 4, 7, 8, dtype=torch.float64).requires_grad_()
    y = x.detach().clone().requires_grad_()
    assert layer.sample_count(x.shape) == plain.sample_count((y if pad is None else pad(y)).shape)
    for training in (True, False):
        found = layer.train(training)(x)
        expected = plain.train(training)(y if pad is None else pad(y))
        assert found.shape == nn.Conv2d(4, 3, dtype=torch.float64, **arguments)(x).shape
        torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-9)
        found.sin().sum().backward()
        expected.sin().sum().backward()
        torch.testing.assert_close(x.grad, y.grad, rtol=1e-9, atol=1e-9)
    for a, b in zip((layer.weight.grad, *layer.buffers()), (plain.weight.grad, *plain.buffers()), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("training", [True, False])
def test_one_image_without_batch_axis(training):
    layer, x = FastDeconv(4, 3, 3, padding=1).train(training), randn(4, 7, 6)
    twin = copy.deepcopy(layer)
    assert layer.sample_count(x.shape) == twin.sample_count((1, *x.shape)) == 6
    assert torch.equal(layer(x), twin(x.unsqueeze(0)).squeeze(0))
    assert torch.equal(layer.running_deconv, twin.running_deconv)


def test_one_row_without_batch_axis():
    layer, x = Delinear(6, 3, block=3), randn(6)
    assert layer.sample_count(x.shape) == 2
    assert torch.equal(copy.deepcopy(layer)(x), layer(x.unsqueeze(0)).squeeze(0))
    assert torch.equal(layer.eval()(x), layer(x.unsqueeze(0)).squeeze(0))
    assert layer(x).shape == (3,)


def test_new_arguments_are_keywords():
    with pytest.raises(TypeError, match="positional"):
        FastDeconv(4, 3, 3, 1, 0, 1, 1, True, 1e-5, 5, 0.1, 64, 3, False, 100, False, 1, "reflect")


@pytest.mark.parametrize("arguments", [{"padding": 1, "padding_mode": "reflect"}, {"padding": "same"}])
def test_a_folded_layer_pads_like_it(arguments):
    layer, x = FastDeconv(4, 3, 3, **arguments), randn(3, 4, 7, 8)
    layer(x)
    torch.testing.assert_close(ndcore.fold(layer)(x), layer.eval()(x), rtol=1e-5, atol=1e-5)
