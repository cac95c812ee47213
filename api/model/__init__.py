"""The champion: where it is loaded from, and how another version replaces it."""
