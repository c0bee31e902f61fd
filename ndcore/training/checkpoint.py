"""A checkpoint holds all that a run needs to go on as if nothing had happened.

On a CPU it does so bit for bit, if nothing has changed that decides the bits: see `ndcore.training.conditions`.
It is replaced atomically, so a process that is killed leaves the previous one whole.
"""

from __future__ import annotations

import io
import random
import warnings
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from ndcore.errors import RunWarning, UserError, first_line
from ndcore.files import reason, replace
from ndcore.layers.whitening_layer import WhiteningLayer
from ndcore.problems import one_line

FORMAT = 1
NO_MEMORY = "can't allocate memory"
"""What torch says, in a RuntimeError, when the machine has none left."""


@dataclass
class Position:
    """Where a run stands: `step` steps of epoch `epoch` are done, and `history` holds all earlier epochs."""

    epoch: int = 1
    step: int = 0
    meter: list[float] | None = None
    seconds: dict[str, float] | None = None
    history: list[dict[str, Any]] = field(default_factory=list)
    sessions: list[dict[str, Any]] = field(default_factory=list)


@dataclass
class Checkpoint:
    """The checkpoint file of one run."""

    path: Path
    run_id: str
    fingerprint: dict[str, str]

    def save(self, position: Position, model: nn.Module, optimizer: Any, scheduler: Any) -> None:
        """Replace the file.

        Raises:
            OSError: the disk is full or the folder read-only; the previous checkpoint is still whole.
        """
        state = {
            "format": FORMAT,
            "run_id": self.run_id,
            "fingerprint": self.fingerprint,
            "position": asdict(position),
            "model": model.state_dict(),
            "counters": {name: m.counter for name, m in model.named_modules() if isinstance(m, WhiteningLayer)},
            "optimizer": optimizer.state_dict(),
            "scheduler": scheduler.state_dict(),
            "random": _random_state(),
        }
        self.path.parent.mkdir(parents=True, exist_ok=True)
        try:
            replace(self.path, lambda file: torch.save(state, file))
        except RuntimeError as error:  # of torch, which finds its file cut off after the system has refused to write
            if isinstance(error.__context__, OSError):
                raise error.__context__ from None
            raise

    def load(self, model: nn.Module, optimizer: Any, scheduler: Any) -> Position:
        """Restore everything; the start of the run if there is no checkpoint, or none that can be used.

        A file that holds no checkpoint of this run is kept beside under the ending `.unusable`, with a warning that
        says why.

        Raises:
            UserError: the file could not be read this time, there was no memory for it, or it does not fit the network;
                it stays where it is.
        """
        try:
            if self.path.exists() and not self.path.is_file():  # a pipe would let its reader wait for ever
                raise self._unread("it is no file")
            content = self.path.read_bytes()  # torch would give a fault of the disk another name
            state = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
            if (state["format"], state["run_id"]) != (FORMAT, self.run_id):
                raise ValueError(f"it belongs to run {state['run_id']}, format {state['format']}")
            if state["fingerprint"] != self.fingerprint:
                raise ValueError("it was made with other images")
        except FileNotFoundError:
            return Position()
        except OSError as error:
            raise self._unread(reason(error)) from None
        except MemoryError:
            raise self._unread(NO_MEMORY) from None
        except UserError:
            raise
        except Exception as error:  # torch fails in many ways about bytes that are no checkpoint
            if NO_MEMORY in str(error):
                raise self._unread(NO_MEMORY) from None
            aside = self.path.with_suffix(".unusable")
            self.path.replace(aside)
            text = f"checkpoint cannot be used, starting over: {first_line(error)} (kept as {aside.name})"
            warnings.warn(text, RunWarning, stacklevel=2)
            return Position()
        try:
            return _restore(state, model, optimizer, scheduler)
        except Exception as error:
            raise UserError(
                f"the checkpoint {self.path} does not fit this run: {one_line(f'{type(error).__name__}: {error}')}; "
                "move it away to start over"
            ) from error

    def _unread(self, why: str) -> UserError:
        return UserError(
            f"the checkpoint {self.path} could not be read: {why}; nothing was changed: mend that and give the same "
            "command again"
        )


def _restore(state: dict[str, Any], model: nn.Module, optimizer: Any, scheduler: Any) -> Position:
    model.load_state_dict(state["model"])
    modules = dict(model.named_modules())
    for name, counter in state["counters"].items():
        modules[name].counter = counter
    optimizer.load_state_dict(state["optimizer"])
    scheduler.load_state_dict(state["scheduler"])
    _restore_random(state["random"])
    return Position(**state["position"])


def _random_state() -> dict[str, Any]:
    name, keys, *rest = np.random.get_state()  # noqa: NPY002 the legacy global state, which a user's code may use
    return {
        "torch": torch.get_rng_state(),
        "cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [],
        "mps": torch.mps.get_rng_state() if torch.backends.mps.is_available() else None,
        "python": random.getstate(),
        "numpy": (name, torch.from_numpy(keys.astype(np.int64)), *rest),
    }


def _restore_random(state: dict[str, Any]) -> None:
    torch.set_rng_state(state["torch"])
    if torch.cuda.is_available() and len(state["cuda"]) == torch.cuda.device_count():
        torch.cuda.set_rng_state_all(state["cuda"])
    if state["mps"] is not None and torch.backends.mps.is_available():
        torch.mps.set_rng_state(state["mps"])
    version, internal, gauss = state["python"]
    random.setstate((version, tuple(internal), gauss))
    name, keys, *rest = state["numpy"]
    np.random.set_state((name, keys.numpy().astype(np.uint32), *rest))  # noqa: NPY002
