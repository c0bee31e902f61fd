"""The training times that the study published: tables and sentences."""
