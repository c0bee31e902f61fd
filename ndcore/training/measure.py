"""What is measured while training: losses and hits, summed on the device, and where the seconds go."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator

import torch
import torch.nn.functional as F
from torch import Tensor

from ndcore.training.epochs import Accuracy, Seconds


class Meter:
    """Sums of cross entropy, top-1 and top-5 hits over images, kept on the device until they are read."""

    def __init__(self, device: torch.device, sums: list[float] | None = None) -> None:
        dtype = torch.float32 if device.type == "mps" else torch.float64
        *sums, images = sums or [0.0, 0.0, 0.0, 0.0]
        self._sums = torch.tensor(sums, dtype=dtype, device=device)
        self._images = images  # known here: to send it to the device would make the host wait

    def update(self, logits: Tensor, labels: Tensor, mean_loss: Tensor | None = None) -> Tensor:
        """Add a batch of logits (n, classes) and labels (n); return which images are right, top-1 (n)."""
        logits = logits.detach().float()
        n = len(labels)
        loss = F.cross_entropy(logits, labels) if mean_loss is None else mean_loss.detach()
        ranked = logits.topk(min(5, logits.shape[1])).indices == labels[:, None]  # (n, 5)
        self._sums += torch.stack([loss * n, ranked[:, 0].sum(), ranked.sum()])
        self._images += n
        return ranked[:, 0]

    def sums(self) -> list[float]:
        """Loss, top-1 hits, top-5 hits, images; waits for the device."""
        return [*self._sums.tolist(), self._images]

    def read(self) -> Accuracy:
        """Mean loss in nats, top-1 and top-5 in percent; waits for the device."""
        loss, top1, top5, images = self.sums()
        return Accuracy(loss=loss / images, top1=100 * top1 / images, top5=100 * top5 / images)


class Stopwatch:
    """Seconds by activity. On CUDA it uses events, so that measuring does not make the host wait."""

    def __init__(self, device: torch.device, seconds: dict[str, float] | None = None) -> None:
        self._device = device
        self._seconds = dict(seconds or {"data": 0.0, "train": 0.0, "evaluate": 0.0})
        self._events: list[tuple[str, torch.cuda.Event, torch.cuda.Event]] = []

    @contextlib.contextmanager
    def __call__(self, activity: str) -> Iterator[None]:
        if self._device.type == "cuda":
            start, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
            start.record()
            yield
            end.record()
            self._events.append((activity, start, end))
            return
        start = time.perf_counter()
        yield
        if self._device.type == "mps":
            torch.mps.synchronize()
        self._seconds[activity] += time.perf_counter() - start

    def seconds(self) -> dict[str, float]:
        """Seconds so far; waits for the device."""
        if self._events:
            torch.cuda.synchronize(self._device)
            for activity, start, end in self._events:
                self._seconds[activity] += start.elapsed_time(end) / 1000
            self._events.clear()
        return dict(self._seconds)

    def read(self) -> Seconds:
        """Seconds so far; waits for the device."""
        return Seconds(**self.seconds())
