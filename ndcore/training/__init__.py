"""Training by the recipe of the study: device, loop, measurement and checkpoints. Records are read without torch."""
