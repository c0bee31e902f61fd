"""The kill experiment: a run is killed at random moments, given again, and compared with one that was left alone."""
