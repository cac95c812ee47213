"""Programs for the platform: the MLflow server, and jobs that create buckets and store backups."""
