"""One source of metrics a file: how to read it and how to expose it."""
