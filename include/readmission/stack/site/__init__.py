"""What the services of one stack share: folders, ports, credentials and settings."""
