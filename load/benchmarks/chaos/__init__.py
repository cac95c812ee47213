"""What SIGKILL, a full disk and exhausted connections do to rows and predictions under load."""
