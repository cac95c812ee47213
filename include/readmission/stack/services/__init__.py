"""One service a file: how it is configured and started on one machine."""
