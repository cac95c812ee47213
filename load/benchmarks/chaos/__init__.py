"""What kill -9, a full disk and taken connections do to rows, models and predictions under load."""
