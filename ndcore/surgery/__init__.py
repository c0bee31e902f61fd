"""Network deconvolution for a model that exists already.

    deconvolve(model)    Conv2d (and the BatchNorm2d that directly follows) → FastDeconv, Linear → Delinear
    fold(model)          FastDeconv → Conv2d, Delinear → Linear, BatchNorm into its convolution: for inference

`deconvolve` replaces convolutions in one and three dimensions and transposed ones where `include` asks for them. Both
functions leave the given model as it is, unless told otherwise. With `report=True` they say what they replaced, what
they left, and why.
"""

from ndcore.surgery.conversion import deconvolve
from ndcore.surgery.folding import fold
from ndcore.surgery.summary import Change, Summary

__all__ = ["Change", "Summary", "deconvolve", "fold"]
