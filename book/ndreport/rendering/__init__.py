"""How the pages show values, tables, figures and sentences."""
