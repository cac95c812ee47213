"""The log of predictions: a file before the response, PostgreSQL soon after it."""
