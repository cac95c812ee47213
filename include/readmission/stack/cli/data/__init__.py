"""The commands that save data, bring it back, and make synthetic data."""
