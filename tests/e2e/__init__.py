"""The whole graph on a stack of its own, which all modules of this folder share."""
