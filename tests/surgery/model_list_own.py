"""Small models of kinds that are common: of each a factory, and one of a batch."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from model_list_dense import Detector, Heads, Pyramid, UNet, ZeroRegions, block
from torch import Tensor, nn
from torch.nn.utils import parametrizations, prune


def images(n: int = 4, channels: int = 3, side: int = 16) -> Tensor:
    return torch.randn(n, channels, side, side, generator=torch.Generator().manual_seed(1))


class Generator(nn.Module):
    """Of a GAN: from a vector to an image."""

    def __init__(self):
        super().__init__()
        self.start, self.norm = nn.Linear(8, 16 * 16), nn.BatchNorm1d(16 * 16)
        self.up = nn.Sequential(nn.ConvTranspose2d(16, 8, 4, 2, 1), nn.BatchNorm2d(8), nn.ReLU(), nn.Conv2d(8, 3, 3))

    def forward(self, z):
        return self.up(self.norm(self.start(z)).relu().view(-1, 16, 4, 4)).tanh()


class Discriminator(nn.Sequential):
    def __init__(self):
        normed = [parametrizations.spectral_norm(nn.Conv2d(8, 16, 4, 2, 1)) for _ in range(1)]
        super().__init__(nn.Conv2d(3, 8, 4, 2, 1), nn.LeakyReLU(0.2), *normed, nn.Flatten(), nn.Linear(256, 1))


class Siamese(nn.Module):
    def __init__(self):
        super().__init__()
        self.body, self.head = nn.Sequential(block(3, 8), block(8, 8), nn.AdaptiveAvgPool2d(1)), nn.Linear(8, 3)

    def forward(self, a, b):
        return self.head((self.body(a) - self.body(b)).abs().flatten(1))


class Recurrent(nn.Module):
    """Frames of a film through a convolution and an LSTM."""

    def __init__(self):
        super().__init__()
        self.see, self.remember, self.head = block(3, 8), nn.LSTM(8, 8, batch_first=True), nn.Linear(8, 3)

    def forward(self, film):
        n, t = film.shape[:2]
        seen = self.see(film.flatten(0, 1)).mean((2, 3)).view(n, t, -1)
        return self.head(self.remember(seen)[0][:, -1])


class ConvRecurrent(nn.Module):
    """One cell with convolutions, used at every step."""

    def __init__(self):
        super().__init__()
        self.gates, self.head = nn.Conv2d(3 + 8, 16, 3, padding=1), nn.Conv2d(8, 1, 1)

    def forward(self, film):
        state = film.new_zeros(len(film), 8, *film.shape[3:])
        for step in range(3):
            forget, new = self.gates(torch.cat([film[:, step], state], 1)).chunk(2, 1)
            state = state * forget.sigmoid() + new.tanh()
        return self.head(state)


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.patch, self.qkv, self.out = nn.Conv2d(3, 16, 4, 4), nn.Linear(16, 48), nn.Linear(16, 16)
        self.norm, self.head = nn.LayerNorm(16), nn.Linear(16, 3)

    def forward(self, x):
        tokens = self.norm(self.patch(x).flatten(2).mT)
        q, k, v = (t.unflatten(-1, (2, 8)).transpose(1, 2) for t in self.qkv(tokens).chunk(3, -1))
        seen = F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2)
        return self.head((tokens + self.out(seen)).mean(1))


class MixerBlock(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(16), nn.LayerNorm(16)
        self.tokens = nn.Sequential(nn.Linear(16, 8), nn.GELU(), nn.Linear(8, 16))
        self.channels = nn.Sequential(nn.Linear(16, 32), nn.GELU(), nn.Linear(32, 16))

    def forward(self, x):
        x = x + self.tokens(self.norm1(x).mT).mT
        return x + self.channels(self.norm2(x))


class Mixer(nn.Module):
    def __init__(self):
        super().__init__()
        self.patch, self.blocks, self.head = (
            nn.Conv2d(3, 16, 4, 4),
            nn.Sequential(MixerBlock(), MixerBlock()),
            nn.Linear(16, 3),
        )

    def forward(self, x):
        return self.head(self.blocks(self.patch(x).flatten(2).mT).mean(1))


class Shared(nn.Module):
    """The same block three times, with one normalisation for all and with its own."""

    def __init__(self):
        super().__init__()
        self.stem, self.conv, self.head = block(3, 8), nn.Conv2d(8, 8, 3, padding=1), nn.Linear(8, 3)
        self.norm, self.own = nn.BatchNorm2d(8), nn.BatchNorm2d(8)

    def forward(self, x):
        x = self.stem(x)
        for _ in range(2):
            x = self.norm(self.conv(x)).relu()
        return self.head(self.own(self.conv(x)).mean((2, 3)))


class Autoencoder(nn.Module):
    """Weights of the decoder are those of the encoder."""

    def __init__(self):
        super().__init__()
        self.encode = nn.Linear(48, 8)

    def forward(self, x):
        return F.linear(self.encode(x).relu(), self.encode.weight.T)


class Gated(nn.Module):
    """A branch that depends on the data, and a mixture of experts."""

    def __init__(self):
        super().__init__()
        self.stem, self.gate = block(3, 8), nn.Linear(8, 2)
        self.experts = nn.ModuleList([block(8, 8), block(8, 8)])

    def forward(self, x):
        x = self.stem(x)
        choice = self.gate(x.mean((2, 3))).softmax(-1)
        if choice[:, 0].mean() > 2:
            x = -x
        return sum(choice[:, i, None, None, None] * expert(x) for i, expert in enumerate(self.experts)).mean((2, 3))


class Separable(nn.Sequential):
    def __init__(self):
        super().__init__(
            block(3, 8), nn.Conv2d(8, 8, 3, padding=1, groups=8, bias=False), nn.BatchNorm2d(8), nn.ReLU6(),
            nn.Conv2d(8, 16, 1, bias=False), nn.BatchNorm2d(16), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
            nn.Linear(16, 3),
        )  # fmt: skip


def perceptron() -> nn.Module:
    return nn.Sequential(nn.Flatten(), nn.Linear(48, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Linear(16, 3))


def pruned() -> nn.Module:
    model = nn.Sequential(block(3, 8), nn.Conv2d(8, 8, 1), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 3))
    prune.l1_unstructured(model[1], "weight", 0.5)
    return model


def groups() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(3, 8, 3), nn.GroupNorm(2, 8), nn.SiLU(), nn.Conv2d(8, 8, 3, groups=2), nn.InstanceNorm2d(8),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 3),
    )  # fmt: skip


def shuffled() -> nn.Module:
    return nn.Sequential(block(3, 4), nn.Conv2d(4, 12, 3, padding=1), nn.PixelShuffle(2), nn.Conv2d(3, 3, 5, padding=2))


def transformer() -> nn.Module:
    layer = nn.TransformerEncoderLayer(16, 2, 32, dropout=0.0, batch_first=True)
    return nn.Sequential(
        nn.Linear(8, 16), nn.TransformerEncoder(layer, 2, enable_nested_tensor=False), nn.Linear(16, 3)
    )


def sounds() -> nn.Module:
    return nn.Sequential(nn.Conv1d(2, 8, 5), nn.BatchNorm1d(8), nn.ReLU(), nn.Flatten(), nn.Linear(8 * 28, 3))


def films() -> nn.Module:
    return nn.Sequential(nn.Conv3d(3, 4, 3), nn.BatchNorm3d(4), nn.ReLU(), nn.Flatten(), nn.Linear(4 * 2 * 6 * 6, 3))


def no_layers() -> nn.Module:
    return nn.Sequential(nn.LSTM(8, 8))


def vectors(*shape: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(1))


def regions() -> tuple[Tensor, Tensor]:
    return images(), torch.tensor([[0, 2, 9], [1, 0, 4], [3, 5, 15], [3, 1, 14], [2, 0, 16]])


OWN: dict[str, tuple[Callable[[], nn.Module], Callable[[], tuple]]] = {
    "unet": (UNet, lambda: (images(),)),
    "gan_generator": (Generator, lambda: (vectors(6, 8),)),
    "gan_discriminator": (Discriminator, lambda: (images(),)),
    "siamese": (Siamese, lambda: (images(), images() ** 2)),
    "conv_lstm": (Recurrent, lambda: (vectors(3, 4, 3, 8, 8),)),
    "convolutional_cell": (ConvRecurrent, lambda: (vectors(3, 3, 3, 8, 8),)),
    "several_heads": (Heads, lambda: (images(),)),
    "attention": (Attention, lambda: (images(),)),
    "mlp_mixer": (Mixer, lambda: (images(),)),
    "shared_block": (Shared, lambda: (images(),)),
    "tied_autoencoder": (Autoencoder, lambda: (vectors(6, 48),)),
    "mixture_of_experts": (Gated, lambda: (images(),)),
    "regions": (ZeroRegions, regions),
    "faster_rcnn": (Detector, lambda: (images(2, 3, 32),)),
    "atrous_pyramid": (Pyramid, lambda: (images(),)),
    "separable": (Separable, lambda: (images(),)),
    "perceptron": (perceptron, lambda: (images(8, 3, 4),)),
    "pruned": (pruned, lambda: (images(),)),
    "other_norms": (groups, lambda: (images(),)),
    "super_resolution": (shuffled, lambda: (images(),)),
    "transformer": (transformer, lambda: (vectors(4, 5, 8),)),
    "one_dimensional": (sounds, lambda: (vectors(4, 2, 32),)),
    "three_dimensional": (films, lambda: (vectors(4, 3, 4, 8, 8),)),
    "recurrent_only": (no_layers, lambda: (vectors(4, 5, 8),)),
}
