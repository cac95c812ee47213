"""The predictions for a file: results, and the worklist."""
