"""The whole system on one machine: processes, their supervisor and the command line."""
