"""The page on scope, data, settings, hardware and software."""
