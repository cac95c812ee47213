"""Promotion: judge a challenger against the champion, and recompute a verdict later."""
