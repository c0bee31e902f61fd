"""How papers cite the original study: what the second study counted, and what our own label files hold."""
