"""Settings of what a caller of the API may send, which `Settings` inherits."""

from pydantic import Field, PositiveInt

from readmission.settings.renamed import RenamedSettings


class CallerSettings(RenamedSettings):
    """Limits of the API on requests and files."""

    api_rate_limit: int = Field(
        1_000, ge=0, description="Requests per second allowed to each caller; 0 means no limit."
    )
    api_row_limit: int = Field(
        120_000, ge=0, description="Rows of files per minute allowed to each caller; 0: no limit."
    )
    api_file_mb_limit: int = Field(
        512,
        ge=0,
        description="MiB of files per minute allowed to each caller, as sent and again as unpacked;"
        " 0: no limit.",
    )
    api_batch_mb: PositiveInt = Field(256, description="Largest accepted file, in MiB.")
    # With Compose, /tmp is in memory: this many of the largest files fit beside the model.
    api_files_at_once: PositiveInt = Field(
        2, description="Files of encounters that one process handles at the same time."
    )
