"""The whole system on one machine: its processes, their supervision and the command line."""
