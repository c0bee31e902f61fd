"""Tables 6 and 7 of the study (ImageNet): tables, figure and sentences."""
