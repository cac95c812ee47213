"""Grafana's dashboards as code: `python -m grafana.source` writes `grafana/dashboards/`."""
