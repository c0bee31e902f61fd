"""How papers cite the original study: what the reproduction counted, and what our own label files hold."""
