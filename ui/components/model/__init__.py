"""What the pages show of a model: its caption, its figures in full and its live outcomes."""
