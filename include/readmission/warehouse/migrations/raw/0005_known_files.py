"""What is known of each source file, so that an unchanged one need not be read again."""

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.execute("""
        CREATE TABLE known_file (
            path text PRIMARY KEY,
            size bigint NOT NULL,
            modified_ns bigint NOT NULL,
            changed_ns bigint NOT NULL,
            is_complete boolean NOT NULL,
            origin text NOT NULL,
            read_at timestamptz NOT NULL DEFAULT now()
        );
        -- Consecutive rows; start and stop are bytes if the file is text in UTF-8.
        CREATE TABLE known_stretch (
            path text NOT NULL REFERENCES known_file ON DELETE CASCADE,
            first_row bigint NOT NULL,
            rows bigint NOT NULL,
            start bigint NOT NULL,
            stop bigint NOT NULL,
            sha256 text NOT NULL,
            PRIMARY KEY (path, first_row)
        );
        -- The hash that a batch of these rows has in the ledger.
        CREATE TABLE known_rows (
            path text NOT NULL REFERENCES known_file ON DELETE CASCADE,
            first_row bigint NOT NULL,
            rows bigint NOT NULL,
            content_sha256 text NOT NULL,
            PRIMARY KEY (path, first_row, rows)
        );
    """)
