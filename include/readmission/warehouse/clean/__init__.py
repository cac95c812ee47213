"""CLEAN: model-ready encounters and the history of models, drift and rollbacks."""
