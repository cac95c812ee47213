"""Warnings of the raw gate can be acknowledged."""

from alembic import op

from readmission.warehouse.migrations.gate_warnings import TABLES

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.execute(TABLES)
