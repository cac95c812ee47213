"""Training: which rows a model learns from, the fits, and the model registered as challenger."""
