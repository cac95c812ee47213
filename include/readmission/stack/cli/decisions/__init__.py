"""Commands with which people decide about rows: the quarantine, and corrections."""
