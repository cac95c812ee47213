"""The whole system on one machine: services, process supervision and the command line."""
