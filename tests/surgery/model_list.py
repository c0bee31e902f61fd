"""Models that nobody here wrote, and small ones of kinds that are common, with what `ndcore.deconvolve` does with them.

One line per model: where it is from, its name, the side of its images, and words about how it is made. `EXPECTED` names
those that cannot be deconvolved, and words of the reason; all others work.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch
from model_list_own import OWN
from torch import nn


@dataclass(frozen=True)
class Entry:
    """A model of the list."""

    source: str
    """ "torchvision", "timm" or "own"."""
    name: str
    side: int = 32
    options: dict[str, Any] = field(default_factory=dict)
    conversion: dict[str, Any] = field(default_factory=dict)
    """Options of `ndcore.deconvolve`."""
    make: Callable[[], nn.Module] | None = None
    inputs: Callable[[], tuple] | None = None

    @property
    def id(self) -> str:
        return f"{self.source}-{self.name}"

    def model(self) -> nn.Module:
        torch.manual_seed(0)
        if self.source == "torchvision":
            import torchvision  # noqa: PLC0415

            return torchvision.models.get_model(self.name, weights=None, **self.options)
        if self.source == "timm":
            import timm  # noqa: PLC0415

            return timm.create_model(self.name, pretrained=False, **self.options)
        return self.make()

    def batch(self) -> tuple:
        generator = torch.Generator().manual_seed(1)
        if self.inputs is not None:
            return self.inputs()
        return (torch.randn(8, 3, self.side, self.side, generator=generator),)


SMALL = {"conv": {"block": 16}, "linear": {"block": 64}}
"""Small blocks: on one core the inverse square roots of the ordinary ones take minutes for a large network."""
WORDS = {
    "backbone": {"weights_backbone": None},
    "noaux": {"aux_logits": False, "init_weights": False},
    "img": {"img_size": None},
}
"""What a word behind a model says to its factory; the image side stands for None in the last."""


def _entries(source: str, lines: str) -> list[Entry]:
    """Lines of a name, the side of the images, and words; "full" keeps the ordinary blocks."""
    entries = []
    for line in lines.strip().split("\n"):
        name, side, *words = line.split()
        options: dict[str, Any] = {"num_classes": 10}
        for word in (word for word in words if word != "full"):
            options |= {key: int(side) if word == "img" else value for key, value in WORDS[word].items()}
        full = "full" in words or name.startswith("test_")
        entries.append(Entry(source, name, int(side), options, {} if full else SMALL))
    return entries


TORCHVISION = """
alexnet 64
convnext_tiny 32
densenet121 32
efficientnet_b0 32 full
efficientnet_v2_s 32
googlenet 64 noaux
inception_v3 80 noaux
mnasnet0_5 32
mobilenet_v2 32
mobilenet_v3_small 32 full
regnet_x_400mf 32
regnet_y_400mf 32 full
resnet18 32
resnet50 32
resnext50_32x4d 32
shufflenet_v2_x0_5 32
squeezenet1_1 32 full
swin_t 32
vgg11_bn 32
wide_resnet50_2 32
fcn_resnet50 32 backbone
deeplabv3_mobilenet_v3_large 64 backbone
lraspp_mobilenet_v3_large 64 backbone
"""
TIMM = """
test_byobnet 32
test_convnext 32
test_efficientnet 32
test_efficientnet_gn 32
test_efficientnet_evos 32
test_mambaout 32
test_maxvit 64 img
test_coatnet 64 img
test_nfnet 32
test_resnet 32
test_vit 64 img
test_vit_relpos 64 img
botnet26t_256 64 img
halonet26t 256
eca_botnext26ts_256 64 img
lambda_resnet26t 64 img
bat_resnext26ts 256
repvgg_a0 32
gernet_s 32
mobileone_s0 32
cait_xxs24_224 64 img
coat_lite_tiny 64 img
convit_tiny 64 img
convmixer_768_32 32
convnext_atto 32
cpubone_nano 32
crossvit_tiny_240 240
darknet17 32
cs3darknet_s 32
cspresnet50 32
davit_tiny 32
deit_tiny_patch16_224 64 img
densenet121 32
dla46_c 32
dpn48b 32
edgenext_xx_small 32
efficientformer_l1 224
efficientformerv2_s0 224
tf_efficientnet_b0 32
efficientnet_lite0 32
efficientnetv2_rw_t 32
mixnet_s 32
tinynet_e 32 full
mnasnet_small 32
mobilenetv2_050 32
fbnetc_100 32
spnasnet_100 32
efficientvit_b0 32
efficientvit_m0 224
fasternet_t0 32
fastvit_t8 32
focalnet_tiny_srf 32
gcvit_xxtiny 224
ghostnet_050 32 full
ghostnetv2_100 64
hardcorenas_a 32
hgnetv2_b0 32
hrnet_w18_small 32
inception_next_atto 32
iformer_t 32
levit_128s 224
lcnet_035 32
mobilenetv3_small_050 32 full
tf_mobilenetv3_small_minimal_100 32
fbnetv3_b 32
mobilenetv4_conv_small 32
caformer_s18 32
poolformer_s12 32
gmlp_ti16_224 64 img
mixer_s32_224 64 img
resmlp_12_224 64 img
mobilevit_xxs 32
mobilevitv2_050 32
nest_tiny 224
nf_resnet26 32
eca_nfnet_l0 32
pit_ti_224 64 img
pvt_v2_b0 32
regnetx_002 32
regnety_002 32
repghostnet_050 32
repvit_m0_9 32 full
res2net50_14w_8s 32
resnest14d 32
resnet10t 32
seresnet18 32
resnetv2_18 32
resnetv2_50x1_bit 32
rexnet_100 32
selecsls42 32
legacy_seresnet18 32
shvit_s1 32
skresnet18 32
starnet_s050 32
swiftformer_xs 224
swin_tiny_patch4_window7_224 64 img
tiny_vit_5m_224 224
tnt_s_patch16_224 64 img
visformer_tiny 64 img
ese_vovnet19b_dw 32
vovnet39a 32
xcit_nano_12_p16_224 64 img
"""
MODELS = [
    *_entries("torchvision", TORCHVISION),
    *_entries("timm", TIMM),
    *(Entry("own", name, make=make, inputs=inputs) for name, (make, inputs) in OWN.items()),
]
EXPECTED = {
    "own-tied_autoencoder": ("refused", "Autoencoder uses its weight without calling it"),
    "own-recurrent_only": ("refused", "has no Conv2d and no Linear layer"),
}
"""Of those that do not work: what becomes of them, and words of the reason."""
