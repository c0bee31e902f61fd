import subprocess
import sys

import pytest

from ndcore import data
from ndcore.errors import UserError


def test_names_are_there_without_the_heavy_imports():
    code = "import sys, ndcore.data as d; d.names(); assert not {'torch', 'numpy', 'sklearn', 'PIL'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
    assert {"cifar10", "cifar100", "digits"} <= set(data.names())


@pytest.mark.parametrize(("name", "classes"), [("cifar10", 10), ("cifar100", 100), ("digits", 10)])
def test_spec(name, classes):
    spec = data.spec(name)
    assert spec.num_classes == len(set(spec.classes)) == classes
    assert list(spec.classes) == sorted(spec.classes)
    assert sum(spec.counts.values()) == (1_797 if name == "digits" else 60_000)


def test_unknown_name_shows_the_nearest():
    with pytest.raises(UserError, match=r"unknown data set 'cifar-10': did you mean cifar10"):
        data.spec("cifar-10")
    with pytest.raises(UserError, match="known are " + ", ".join(data.names())):
        data.load("mnist")
