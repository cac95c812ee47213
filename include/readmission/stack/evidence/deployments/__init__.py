"""What the evidence queries on one machine, on Compose and on Kubernetes."""
