"""Tables 6 and 7 of the study (ImageNet), the origin of their baselines, and what ND gains over them."""
