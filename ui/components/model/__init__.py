"""What the pages show of a model: its caption, and the figures of its card in full."""
