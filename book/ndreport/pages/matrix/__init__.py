"""Which evidence there is for every value of the study: tables, figure and sentences."""
