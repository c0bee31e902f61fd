"""Table 10 of the study, the times of its ImageNet runs: table and sentences."""
