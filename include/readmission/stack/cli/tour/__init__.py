"""The command `readmission tour`: from a bad batch to a rollback, on a stack of its own."""
