"""One module for each dashboard, and modules for groups of rows that do not fit into it."""
