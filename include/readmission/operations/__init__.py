"""What a platform team runs beside the pipeline: buckets and backups."""
