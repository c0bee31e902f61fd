"""How far the reproduced accuracies are from the original's and from each other."""
