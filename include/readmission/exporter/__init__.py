"""Exports the pipeline's results as Prometheus metrics: ``python -m readmission.exporter``."""
