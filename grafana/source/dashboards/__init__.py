"""The four dashboards (`pipeline`, `predictions`, `quality`, `slo`) and the rows they share out."""
