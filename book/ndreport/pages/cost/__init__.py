"""What a training step costs: ratios, tables, figures and sentences of the cost page."""
