"""Call consecutive rows of a source file what the code calls them: a chunk."""

from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.execute("""
        ALTER TABLE known_stretch RENAME TO known_chunk;
        ALTER INDEX known_stretch_pkey RENAME TO known_chunk_pkey;
        ALTER TABLE known_chunk
            RENAME CONSTRAINT known_stretch_path_fkey TO known_chunk_path_fkey;
    """)
