"""The log of predictions: written in the background, through a disk spool, to PostgreSQL."""
