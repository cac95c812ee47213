"""The champion: where it comes from, how it is loaded and how another replaces it."""
