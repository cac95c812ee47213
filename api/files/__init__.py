"""Readers of uploaded files; none holds a file whole in memory."""
