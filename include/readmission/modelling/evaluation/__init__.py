"""How good a model is: metrics, groups of patients, and criteria for promotion."""
