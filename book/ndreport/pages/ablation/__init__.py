"""What the approximations cost: table, figure and sentences of the ablation page."""
