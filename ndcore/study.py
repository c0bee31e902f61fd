"""The ten CIFAR networks of the study: what its tables call them, and which networks of `ndcore.models` that means."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class StudyNetwork:
    arch: str
    """Name in `runs/published/`."""
    label: str
    """Name in the study's tables."""
    ours: tuple[str, ...]
    """Names in `ndcore.models`; more than one where the study ran several networks under one label."""


NETWORKS = (
    StudyNetwork("vgg16", "VGG-16", ("vgg16",)),
    StudyNetwork("resnet18", "ResNet-18", ("resnet18", "resnet18d")),
    StudyNetwork("preact18", "PreAct-18", ("preact18",)),
    StudyNetwork("densenet121", "DenseNet-121", ("densenet121",)),
    StudyNetwork("resnext29", "ResNeXt-29", ("resnext29",)),
    StudyNetwork("mobilenetv2", "MobileNet v2", ("mobilenetv2",)),
    StudyNetwork("dpn92", "DPN-92", ("dpn92",)),
    StudyNetwork("pnasneta", "PNASNet-18", ("pnasneta",)),
    StudyNetwork("senet18", "SENet-18", ("senet18",)),
    StudyNetwork("efficientnet", "EfficientNet", ("efficientnet",)),
)
NETWORK_LABELS = {network.arch: network.label for network in NETWORKS}
EPOCHS = (1, 20, 100)
NORMS = ("bn", "nd")
ATTEMPTS = (1, 2, 3)
DATASETS = {"cifar10": "CIFAR-10", "cifar100": "CIFAR-100", "digits": "digits"}
NORM_LABELS = {"bn": "BN", "nd": "ND", "none": "none"}
