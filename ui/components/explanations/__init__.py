"""What drives a prediction, and how it differs by the value of a field."""
