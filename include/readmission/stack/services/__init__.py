"""The services of the stack, one file each: configuration, command and readiness probe."""
