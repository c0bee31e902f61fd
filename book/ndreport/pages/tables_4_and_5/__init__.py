"""The accuracy tables of the study beside our own runs."""
