"""Quality gates: Great Expectations suites derived from the schema, run by one adapter."""
