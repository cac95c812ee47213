"""The dashboards drawn with matplotlib: `python -m grafana.source.pictures URL FOLDER`."""
