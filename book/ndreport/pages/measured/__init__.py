"""What the attempts of the reproduction were measured on, and the tables as they should have read."""
