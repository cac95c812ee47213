"""Settings of deliveries, which `readmission.settings.Settings` inherits."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from readmission.settings.renamed import RenamedSettings

S3Address = Annotated[str, Field(pattern=r"^s3://[^/]+")]

S3_PREFIX = r"^s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/\.{0,2}[A-Za-z0-9_=-][A-Za-z0-9._=-]*)+/?$"
"""A prefix of an object store, not a whole bucket, as people enter it into a form."""


class DeliverySettings(RenamedSettings):
    """Where encounters come from, and what happens to rows that change earlier ones."""

    dataset: Annotated[S3Address | Path, Field(union_mode="left_to_right")] | None = Field(
        None,
        description="File of encounters: CSV, xlsx, Parquet, or a packed CSV; or a folder of such"
        " files, or `s3://bucket/prefix`. If unset, UCI's is downloaded, or synthetic encounters"
        " are used if that fails.",
    )
    watch_seconds: int = Field(
        0,
        ge=0,
        description="Seconds between two checks of the dataset: files that are new or have grown"
        " start the ingestion as soon as they no longer change. Needs Airflow's triggerer, which"
        " takes 290 MB; Compose and Kubernetes have it, and set 20. With 0, only the schedule"
        " starts the ingestion, every ten minutes.",
    )
    corrections: Literal["hold", "accept"] = Field(
        "hold",
        description="Whether a row with other values for a known encounter waits for a person, or"
        " replaces the earlier row at once.",
    )
    settle_minutes: int = Field(
        10,
        ge=0,
        description="Minutes for which the file must not change before its last line is read"
        " although it has no line end, and before a damaged file is an error: one run of the"
        " ingestion, so that a file that is still being written is never read too far.",
    )

    @property
    def watches(self) -> bool:
        """Whether Airflow's triggerer watches the dataset."""
        return self.dataset is not None and self.watch_seconds > 0
