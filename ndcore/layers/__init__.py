"""The layers of network deconvolution (Ye et al., ICLR 2020, arXiv 1905.11926).

`FastDeconv` takes the place of a convolution and its batch normalisation, `Delinear` of a linear layer; `ChannelDeconv`
whitens channels alone. `newton_schulz_isqrt` is the approximate inverse square root that all of them use.
`ndcore.layers.reference` holds the plain versions that prove these.
"""

from ndcore.layers.channel_deconv import ChannelDeconv
from ndcore.layers.delinear import Delinear
from ndcore.layers.fast_deconv import FastDeconv
from ndcore.layers.newton_schulz import newton_schulz_isqrt

__all__ = ["ChannelDeconv", "Delinear", "FastDeconv", "newton_schulz_isqrt"]
