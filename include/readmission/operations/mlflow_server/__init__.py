"""The MLflow server with a login: MLflow's basic-auth app, and who may call what."""
