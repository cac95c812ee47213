"""SQL that all three databases share: COPY, row counts, privileges."""
