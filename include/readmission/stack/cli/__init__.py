"""The command `readmission`."""
