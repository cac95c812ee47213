"""The clinicians' web app; it talks to the API and to nothing else."""
