"""Network deconvolution and its reproducibility study as an executable report.

Importing this package loads nothing heavy: `ndcore.layers`, `ndcore.models` and `ndcore.training` need torch and are
imported by those who use them.
"""

__version__ = "0.1.0"
