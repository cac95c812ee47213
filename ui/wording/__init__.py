"""Plain words for what the API calls by name or code."""
