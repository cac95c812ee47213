"""The bodies of explanations: requests with what-if questions, and responses."""
