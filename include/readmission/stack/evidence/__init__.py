"""Collects the evidence of the acceptance checklist from a running stack: `make evidence`."""
