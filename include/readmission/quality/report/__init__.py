"""The data-quality site: Data Docs, overview pages, and their publication."""
