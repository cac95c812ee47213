"""The commands that list verdicts and put another version into production."""
