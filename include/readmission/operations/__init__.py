"""Programs for the platform team: one creates the buckets, one stores backups."""
