"""The page that explains network deconvolution, from what `ndreport.explained` computes."""
