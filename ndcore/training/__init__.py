"""Training by the recipe of the study: device, loop, measurement and checkpoints."""

from ndcore.training.device import prepare_device
from ndcore.training.trainer import TrainingFailed, TrainingResult, build_model, train

__all__ = ["TrainingFailed", "TrainingResult", "build_model", "prepare_device", "train"]
