"""SQL that all databases share: COPY, row counts, privileges."""
