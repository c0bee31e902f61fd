"""The whole grid of runs: which cells there are, which are done, who performs which, on one machine or on Slurm."""
