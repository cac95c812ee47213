"""Exports what the pipeline has stored to Prometheus: ``python -m readmission.exporter``."""
