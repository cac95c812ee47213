"""A delivered file of encounters, read in stretches that fit into memory."""
