"""The mathematics of network deconvolution, executed on photographs with the layers' own functions.

Everything here returns plain numpy arrays, so that `ndreport.pages.explained` can show it without torch.
"""
