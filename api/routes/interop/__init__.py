"""Endpoints that follow other protocols: MLflow and KServe V2."""
