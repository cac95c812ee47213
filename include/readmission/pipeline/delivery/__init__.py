"""A delivered file of encounters, read in chunks that fit into memory."""
