"""Sample vectors gathered on a CPU are those of the plain functions, and scattering is the adjoint of gathering."""

import copy

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.autograd import gradcheck

from ndcore.layers import Delinear, FastDeconv
from ndcore.layers.inverse_root import symmetric_product
from ndcore.layers.patches import Patches
from ndcore.layers.reference import ReferenceDelinear, ReferenceFastDeconv
from ndcore.layers.statistics import sample_patches, sample_pixels

DOUBLE = torch.float64
axis = st.tuples(st.integers(1, 4), st.integers(1, 4), st.integers(0, 2), st.integers(1, 2))


def normal(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=DOUBLE)


@settings(deadline=None, max_examples=150)
@given(
    rows=axis, columns=axis, sizes=st.tuples(st.integers(1, 9), st.integers(1, 9)), images=st.integers(1, 3),
    groups=st.integers(1, 3), channels=st.integers(1, 3), blocks=st.integers(1, 3), seed=st.integers(0, 2**31),
)  # fmt: skip
def test_gathering_and_scattering(rows, columns, sizes, images, groups, channels, blocks, seed):
    kernel, stride, padding, dilation = zip(rows, columns, strict=True)
    reach = [dilation[i] * (kernel[i] - 1) + 1 - 2 * padding[i] for i in (0, 1)]
    sizes = [max(size, least) for size, least in zip(sizes, reach, strict=True)]
    blocks = 1 if groups > 1 else blocks
    d = channels * kernel[0] * kernel[1]
    x = normal(images, groups * channels * blocks, *sizes, seed=seed)
    if kernel == (1, 1):
        expected = sample_pixels(x, stride[0] * stride[1], groups, d)
    else:
        expected = sample_patches(x, kernel, stride, padding, dilation, groups, d)
    patches = Patches(kernel, stride, padding if kernel != (1, 1) else (0, 0), dilation, groups, channels)
    image = x.permute(0, 2, 3, 1).contiguous()  # (n, h, w, c)
    before = image.clone()
    samples = patches.gather(image)  # (g, r, d)
    torch.testing.assert_close(patches.published(samples.mean(1)), expected.mean(1))
    moments, matrix = samples.mT @ samples, expected.mT @ expected  # (g, d, d)
    torch.testing.assert_close(patches.published(moments), matrix)
    assert torch.equal(patches.gathered(patches.published(moments)), moments)

    direction, places = torch.randn_like(samples), torch.zeros_like(image)
    patches.scatter(direction, places)
    torch.testing.assert_close((direction * samples).sum(), (places * image).sum())
    samples -= 1
    assert torch.equal(image, before), "the samples are a copy"


LAYERS = {
    "3x3": ((8, 6, 3, 1, 1), {}),
    "3x3, blocks": ((8, 6, 3, 1, 1), {"block": 4}),
    "3x3, stride 2": ((8, 6, 3, 2, 1), {"block": 4}),
    "1x1": ((8, 6, 1), {}),
    "1x1, blocks": ((8, 6, 1, 2), {"block": 2}),
    "grouped": ((8, 4, 3, 1, 1), {"groups": 2}),
    "depthwise, overlapping": ((4, 4, 5, 1, 2), {"groups": 4}),
    "depthwise, dilated": ((4, 8, 3, 1, 2, 2), {"groups": 4}),
}
every_layer = pytest.mark.parametrize(("arguments", "options"), LAYERS.values(), ids=LAYERS)


def inputs(layout: str) -> Tensor:
    def images(channels: int) -> Tensor:
        x = normal(4, channels, 9, 7) + 0.5
        if layout == "channels last":
            return x.contiguous(memory_format=torch.channels_last)
        return x if layout == "contiguous" else normal(4, 2 * channels, 9, 7)[:, ::2].transpose(2, 3)

    return images


@every_layer
@pytest.mark.parametrize("layout", ["contiguous", "channels last", "strided"])
def test_value_gradients_and_buffers_are_those_of_the_reference_in_every_layout(arguments, options, layout):
    layer = FastDeconv(*arguments, **options, sampling_stride=2).double()
    reference = copy.deepcopy(layer)
    reference.__class__ = ReferenceFastDeconv
    x = inputs(layout)(layer.in_channels)
    before = x.clone()
    found = []
    for one in (layer, reference):
        leaf = x.detach().clone(memory_format=torch.preserve_format).requires_grad_()
        out = one(leaf * 1)
        out.square().mean().backward()
        found.append([out, leaf.grad, one.weight.grad, one.bias.grad, one.running_mean, one.running_deconv])
    for ours, theirs in zip(*found, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-9, atol=1e-10)
    layer(x)
    assert torch.equal(x, before)


def test_one_sampled_pixel_leaves_the_input_alone():
    """Found by the benchmark: with a single pixel and several blocks the samples were a view of the input."""
    x = torch.randn(8, 256, 2, 2).to(memory_format=torch.channels_last)
    before = x.clone()
    FastDeconv(256, 8, 1, stride=2)(x)
    assert torch.equal(x, before)


@every_layer
def test_a_layer_used_twice_in_a_graph(arguments, options):
    """Also on the same input, and beside another use of it: gradients are added, never overwritten."""
    layer = FastDeconv(*arguments, **options, sampling_stride=2, eps=1e-2).double()

    def twice(x: Tensor) -> Tensor:
        return layer(x).sum() + 2 * layer(x).square().sum() + x.square().sum() + layer(x + 1).square().sum()

    assert gradcheck(twice, (normal(2, layer.in_channels, 5, 5).requires_grad_(),), atol=1e-5, rtol=1e-3)


def test_a_second_backward_pass_through_the_same_graph_gives_the_same_gradient():
    layer, x = FastDeconv(4, 4, 3, padding=1), torch.randn(4, 4, 6, 6, requires_grad=True)
    loss = layer(x).square().sum()
    first, second = (torch.autograd.grad(loss, x, retain_graph=True)[0] for _ in range(2))
    assert torch.equal(first, second)


def test_an_input_without_gradient_and_no_gradient_at_all():
    layer, x = FastDeconv(4, 4, 3, padding=1), torch.randn(4, 4, 6, 6)
    twin = copy.deepcopy(layer)
    out = layer(x)
    out.square().sum().backward()
    with torch.no_grad():
        assert torch.equal(twin(x), out)
    assert layer.weight.grad.isfinite().all()
    assert twin.weight.grad is None


HOLDERS = {
    "a hook of the module": lambda layer, y, held: None,  # registered before the forward pass
    "a hook of the convolution": lambda layer, y, held: y.grad_fn.register_hook(lambda grads, _: held(grads[0])),
    "its view": lambda layer, y, held: y.grad_fn.register_hook(lambda grads, _: held(grads[0].detach())),
    "a hook of the statistics": lambda layer, y, held: statistics_of(y).register_prehook(lambda grads: held(grads[0])),
}


def statistics_of(y: Tensor) -> torch.autograd.graph.Node:
    return y.grad_fn.next_functions[0][0]


def channels_last_case(kernel: int) -> tuple[FastDeconv, Tensor]:
    torch.manual_seed(0)
    layer = FastDeconv(4, 4, kernel, block=2, sampling_stride=2)
    return layer, torch.randn(4, 4, 6, 6).to(memory_format=torch.channels_last).requires_grad_()


@pytest.mark.filterwarnings("ignore:Using a non-full backward hook:FutureWarning")
@pytest.mark.parametrize("kernel", [1, 3])
@pytest.mark.parametrize("hold", HOLDERS.values(), ids=HOLDERS)
def test_a_gradient_that_a_hook_holds_stays_as_it_was(hold, kernel):
    layer, x = channels_last_case(kernel)
    found = []

    def held(grad: Tensor) -> None:
        found.append((grad, grad.clone()))

    if hold is HOLDERS["a hook of the module"]:
        layer.register_backward_hook(lambda module, grads, _: held(grads[0]))
    y = layer(x)
    hold(layer, y, held)
    y.square().sum().backward()
    ((kept, copied),) = found
    assert torch.equal(kept, copied)
    free, leaf = channels_last_case(kernel)
    free(leaf).square().sum().backward()
    assert torch.equal(x.grad, leaf.grad)


def test_a_gradient_asked_for_by_name_stays_as_it_was():
    layer, x = channels_last_case(3)
    y, copied = layer(x), []
    y.grad_fn.register_hook(lambda grads, _: copied.append(grads[0].clone()))
    edge = torch.autograd.graph.GradientEdge(statistics_of(y), 0)
    kept, _ = torch.autograd.grad(y.square().sum(), [edge, x])
    assert torch.equal(kept, copied[0])


def test_a_gradient_that_nobody_else_holds_is_not_copied():
    """In networks of 1×1 and depthwise convolutions the copies would take 5 % of a training step."""
    layer, x = channels_last_case(1)
    y, places = layer(x), []
    y.grad_fn.register_hook(lambda grads, _: places.append(grads[0].data_ptr()))
    (grad,) = torch.autograd.grad(y.square().sum(), x)
    assert places == [grad.data_ptr()]


def steps(layer: nn.Module, count: int, shape: tuple[int, ...]) -> list[Tensor]:
    return [layer(torch.randn(shape, generator=torch.Generator().manual_seed(i))) for i in range(count)]


@pytest.mark.parametrize(
    ("make", "shape"),
    [
        (lambda k: FastDeconv(4, 4, 3, update_every=k), (8, 4, 7, 7)),
        (lambda k: Delinear(6, 3, update_every=k), (20, 6)),
    ],
    ids=["FastDeconv", "Delinear"],
)
class TestUpdateEvery:
    def test_one_is_the_published_layer(self, make, shape):
        assert not [name for name in make(1).state_dict() if "stored" in name]

    def test_the_steps_between_use_the_transform_of_the_last_live_step(self, make, shape):
        torch.manual_seed(0)
        layer = make(3)
        for i in range(7):
            x = torch.randn(shape, generator=torch.Generator().manual_seed(i))
            if i % 3 == 0:
                _, mean, deconv, _ = layer.batch_transform(x)
            weight, bias = layer.folded(mean, deconv)
            running = layer.running_deconv.clone()
            torch.testing.assert_close(layer(x), layer.transform(x, weight, bias))
            assert torch.equal(running, layer.running_deconv) == bool(i % 3)

    def test_no_gradient_flows_through_a_stored_transform(self, make, shape):
        torch.manual_seed(0)
        layer = make(2)
        steps(layer, 1, shape)
        x = torch.randn(shape, requires_grad=True)
        layer(x).sum().backward()
        weight, bias = layer.folded(layer.stored_mean.unsqueeze(0), layer.stored_deconv.unsqueeze(0))
        constant = x.detach().requires_grad_()
        layer.transform(constant, weight, bias).sum().backward()
        torch.testing.assert_close(x.grad, constant.grad)

    def test_the_running_values_weigh_a_live_step_like_all_the_steps_it_stands_for(self, make, shape):
        torch.manual_seed(0)
        seldom, always = make(4), make(1)
        x = torch.randn(shape)
        seldom(x)
        for _ in range(4):
            always(x)
        torch.testing.assert_close(seldom.running_deconv, always.running_deconv)

    def test_the_state_carries_the_stored_transform(self, make, shape):
        torch.manual_seed(0)
        layer = make(4)
        steps(layer, 2, shape)
        other = make(4)
        other.load_state_dict(layer.state_dict())
        other.counter = layer.counter
        for a, b in zip(steps(layer, 4, shape), steps(other, 4, shape), strict=True):
            assert torch.equal(a, b)

    def test_set_later_the_next_step_is_live(self, make, shape):
        torch.manual_seed(0)
        layer = make(1)
        steps(layer, 5, shape)
        layer.set_update_every(4)
        before = layer.running_deconv.clone()
        steps(layer, 1, shape)
        assert not torch.equal(before, layer.running_deconv)
        layer.set_update_every(1)
        assert not [name for name in layer.state_dict() if "stored" in name]

    def test_refusals(self, make, shape):
        with pytest.raises(ValueError, match="update_every=0 must be a whole number of at least 1"):
            make(0)


def test_a_layer_that_freezes_and_is_seldom_updated():
    layer = FastDeconv(3, 4, 3, freeze=True, freeze_iter=2, update_every=2)
    sources = []
    for step in range(24):
        sources.append(layer.source)
        layer(torch.randn(4, 3, 3, 3, generator=torch.Generator().manual_seed(step)))
    assert sources[:6] == ["batch", "stored", "batch", "running", "running", "running"]
    assert sources[20:24] == ["batch", "stored", "batch", "running"]


@pytest.mark.parametrize(
    "make", [lambda: ReferenceFastDeconv(3, 4, 3, update_every=2), lambda: ReferenceDelinear(3, 4, update_every=2)]
)
def test_the_reference_knows_no_approximation(make):
    layer = make()
    with pytest.raises(NotImplementedError, match="statistics of every step"):
        layer(torch.randn(4, 3, 5, 5) if isinstance(layer, FastDeconv) else torch.randn(4, 3))


@pytest.mark.parametrize("d", [7, 256, 301])
@pytest.mark.parametrize("groups", [1, 2])
def test_a_symmetric_product_in_parts(d, groups):
    samples = normal(groups, 40, d)
    torch.testing.assert_close(symmetric_product(samples.mT, samples), samples.mT @ samples)
