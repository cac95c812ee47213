"""The command line `readmission`."""
