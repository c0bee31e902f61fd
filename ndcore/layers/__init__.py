"""The layers of network deconvolution (Ye et al., ICLR 2020, arXiv 1905.11926).

`FastDeconv` takes the place of a convolution of images and its batch normalisation, `Delinear` of a linear layer;
`ChannelDeconv` whitens channels alone. Not of the paper but by the same rule are `FastDeconv1d` and `FastDeconv3d` for
sequences and volumes, and `FastDeconvTranspose1d`, `2d`, `3d` for transposed convolutions. `newton_schulz_isqrt` is the
approximate inverse square root that all of them use. `ndcore.layers.reference` holds plain versions of the first three.
"""

from ndcore.layers.channel_deconv import ChannelDeconv
from ndcore.layers.delinear import Delinear
from ndcore.layers.fast_deconv import FastDeconv
from ndcore.layers.fast_deconv_nd import FastDeconv1d, FastDeconv3d
from ndcore.layers.fast_deconv_transpose import FastDeconvTranspose1d, FastDeconvTranspose2d, FastDeconvTranspose3d
from ndcore.layers.newton_schulz import newton_schulz_isqrt

__all__ = [
    "ChannelDeconv",
    "Delinear",
    "FastDeconv",
    "FastDeconv1d",
    "FastDeconv3d",
    "FastDeconvTranspose1d",
    "FastDeconvTranspose2d",
    "FastDeconvTranspose3d",
    "newton_schulz_isqrt",
]
