"""The aliases of the registered model."""

PRODUCTION = "production"
PREVIOUS = "previous"
CHALLENGER = "challenger"
