"""What was published and what was measured, as tables and statistics: no HTML, no sentence, no torch."""
