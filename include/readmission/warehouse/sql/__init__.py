"""SQL that all three databases share: COPY, table creation, privileges."""
