"""What the pipeline has stored, as metrics for Prometheus: ``python -m readmission.exporter``."""
