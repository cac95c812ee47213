"""Prometheus, Alertmanager and Grafana, each started only if it is installed."""
