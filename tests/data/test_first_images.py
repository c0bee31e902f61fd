"""A training set cut short: the first images in canonical order, everything else as it was."""

from __future__ import annotations

import numpy as np
import pytest

from ndcore import data
from ndcore.data.dataset import Dataset
from ndcore.errors import UserError
from ndcore.experiment.config import RunConfig
from ndcore.experiment.experiment import Experiment
from ndcore.training import trainer


@pytest.fixture(scope="module")
def digits() -> Dataset:
    return data.load("digits")


def test_the_first_images_are_those_of_the_canonical_order(digits):
    few = digits.first(100)
    assert len(few.train) == 100
    assert np.array_equal(few.train.images, digits.train.images[:100])
    assert np.array_equal(few.train.labels, digits.train.labels[:100])
    assert len(np.unique(few.train.labels)) == 10
    assert (few.test, few.fingerprint, few.spec) == (digits.test, digits.fingerprint, digits.spec)


def test_none_is_all(digits):
    assert digits.first(None) is digits
    assert len(digits.first(len(digits.train)).train) == len(digits.train)


def test_more_than_there_are_is_refused_in_one_line(digits):
    with pytest.raises(UserError, match=r"^train_images=50000: digits has only \d+ training images$"):
        digits.first(50_000)


def test_an_experiment_trains_on_the_first_images_and_its_record_says_so(tmp_path, monkeypatch):
    seen = {}

    def only_look(model, config, dataset, device, **options):
        seen["images"] = len(dataset.train)
        raise trainer.TrainingFailed(1, 0, (), ()) from ZeroDivisionError("enough")

    monkeypatch.setattr(trainer, "train", only_look)
    config = RunConfig(arch="resnet18d", norm="nd", dataset="digits", epochs=1, train_images=256, n_iter=4)
    experiment = Experiment(config, runs=tmp_path, progress=False)
    assert len(experiment.load_data().train) == 256
    model = experiment.build_model()
    assert {layer.n_iter for layer in model.modules() if hasattr(layer, "n_iter")} == {4, 15}
    with pytest.raises(UserError, match="failed: ZeroDivisionError: enough"):
        experiment.train()
    text = next(tmp_path.glob("*.json")).read_text()
    assert '"train_images": 256,' in text.split('"data":')[1]
    assert seen == {"images": 256}
