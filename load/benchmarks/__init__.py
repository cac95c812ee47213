"""Benchmarks: each prints ratios to a reference that was measured in the same run."""
