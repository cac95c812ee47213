"""RAW: encounters as they arrived, the quarantine and the decisions about it."""
