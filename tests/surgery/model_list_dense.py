"""Small models whose outputs are maps, boxes or regions: segmentation and detection."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn
from torchvision.models.detection import FasterRCNN
from torchvision.models.detection.anchor_utils import AnchorGenerator
from torchvision.models.detection.faster_rcnn import FastRCNNPredictor, TwoMLPHead
from torchvision.ops import MultiScaleRoIAlign


def block(i: int, o: int, **more) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(i, o, 3, padding=1, bias=False, **more), nn.BatchNorm2d(o), nn.ReLU())


class UNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.down1, self.down2, self.bottom = block(3, 8), block(8, 16), block(16, 32)
        self.up2, self.up1 = nn.ConvTranspose2d(32, 16, 2, 2), nn.ConvTranspose2d(16, 8, 2, 2)
        self.merge2, self.merge1, self.head = block(32, 16), block(16, 8), nn.Conv2d(8, 2, 1)

    def forward(self, x):
        a = self.down1(x)
        b = self.down2(F.max_pool2d(a, 2))
        y = self.up2(self.bottom(F.max_pool2d(b, 2)))
        y = self.up1(self.merge2(torch.cat([b, y], 1)))
        return self.head(self.merge1(torch.cat([a, y], 1)))


class Heads(nn.Module):
    """Two heads, one of them per level, returned in a dictionary."""

    def __init__(self):
        super().__init__()
        self.body = nn.ModuleList([block(3, 8), block(8, 8, stride=2)])
        self.classes, self.boxes = nn.Conv2d(8, 5, 3, padding=1), nn.Conv2d(8, 4, 3, padding=1)

    def forward(self, x):
        result = {"classes": [], "boxes": []}
        for stage in self.body:
            x = stage(x)
            result["classes"].append(self.classes(x))
            result["boxes"].append(self.boxes(x))
        return result


class ZeroRegions(nn.Module):
    """A detection head: features of the regions that are given; there may be none."""

    def __init__(self):
        super().__init__()
        self.body, self.head = (
            block(3, 8),
            nn.Sequential(nn.Flatten(), nn.Linear(8 * 16, 8), nn.ReLU(), nn.Linear(8, 3)),
        )

    def forward(self, x, regions):
        y = self.body(x)
        crops = [F.adaptive_avg_pool2d(y[int(i), :, a:b, a:b], 4) for i, a, b in regions.tolist()]
        return self.head(torch.stack(crops) if crops else y.new_zeros(0, 8, 4, 4))


class Detector(nn.Module):
    """Faster R-CNN with a small body; in training it returns its losses."""

    def __init__(self):
        super().__init__()
        body = nn.Sequential(block(3, 8, stride=2), block(8, 16, stride=2))
        body.out_channels = 16
        self.model = FasterRCNN(
            body, min_size=32, max_size=48, box_score_thresh=0.2,
            rpn_anchor_generator=AnchorGenerator(((8, 16),), ((1.0,),)),
            box_roi_pool=MultiScaleRoIAlign(["0"], 3, 2),
            box_head=TwoMLPHead(16 * 9, 16), box_predictor=FastRCNNPredictor(16, 3),
        )  # fmt: skip

    def forward(self, x):
        boxes = {"boxes": torch.tensor([[2.0, 2.0, 12.0, 14.0]]), "labels": torch.tensor([1])}
        return self.model(list(x), [boxes] * len(x) if self.training else None)


class Pyramid(nn.Module):
    """Atrous spatial pyramid pooling; its pooled branch is one pixel."""

    def __init__(self):
        super().__init__()
        self.stem = block(3, 8)
        self.branches = nn.ModuleList(
            [nn.Sequential(nn.Conv2d(8, 8, 3, padding=r, dilation=r, bias=False), nn.BatchNorm2d(8)) for r in (1, 2, 4)]
        )
        self.pooled, self.project = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Conv2d(8, 8, 1)), nn.Conv2d(32, 2, 1)

    def forward(self, x):
        x = self.stem(x)
        parts = [branch(x) for branch in self.branches]
        parts.append(F.interpolate(self.pooled(x), size=x.shape[2:]))
        return self.project(torch.cat(parts, 1))
