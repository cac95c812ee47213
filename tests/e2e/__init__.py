"""End-to-end tests of the whole asset graph; all modules share one stack."""
