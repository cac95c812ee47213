"""Pictures of the dashboards for the documentation, drawn with matplotlib instead of Grafana."""
