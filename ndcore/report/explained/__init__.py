"""The page that explains network deconvolution: figures, tables and sentences from what `ndcore.explain` computes."""
