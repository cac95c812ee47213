"""AUDIT: who did what, when and from where; events are only ever appended."""
