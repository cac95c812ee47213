"""Outcomes that became known after predictions: metrics of each model and of a challenger."""
