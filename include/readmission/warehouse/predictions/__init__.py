"""PREDICTIONS: the log of predictions and the outcomes that became known later."""
