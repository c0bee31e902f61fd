"""What the whole grid costs: the study's own hours, and ours as far as they were measured."""
