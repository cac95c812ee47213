"""The order of batches in SQL, for tables that hold the id of a batch but not its number."""

from psycopg import sql

from readmission.domain.batch_ids import PATTERN

BATCH_NUMBER = sql.SQL("substring(batch_id FROM {})::integer").format(sql.Literal(PATTERN))
"""The number in the column ``batch_id``; NULL if that is not the id of a batch."""
