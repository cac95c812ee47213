"""The log of predictions: off the request's path, through a spool, into PostgreSQL."""
