"""The clinicians' page; it talks to the API and to nothing else."""
