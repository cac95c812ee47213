"""What an admin changes with a key: the model in production, and the threshold of follow-up."""
