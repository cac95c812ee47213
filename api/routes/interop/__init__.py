"""Endpoints that follow other protocols: MLflow, KServe V2, FHIR and CDS Hooks."""
