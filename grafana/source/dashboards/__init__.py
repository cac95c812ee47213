"""The dashboards `pipeline`, `predictions`, `quality` and `slo`, and some of their rows."""
