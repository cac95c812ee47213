"""Settings of logs, traces and lineage, which `readmission.settings.Settings` inherits."""

from typing import Literal

from pydantic import Field

from readmission.settings.renamed import RenamedSettings


class LogSettings(RenamedSettings):
    """What is logged, and where traces and lineage are sent."""

    log_format: Literal["json", "text"] | None = Field(
        None, description="Format of log lines; if unset, text in a terminal and JSON elsewhere."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="Lowest level that is logged; handled requests are logged at info."
    )
    otlp_endpoint: str | None = Field(
        None,
        pattern=r"^https?://[^\s/]+/?$",
        description="Collector of OpenTelemetry, such as http://collector:4318; if unset, nothing"
        " is traced.",
    )
    openlineage: str | None = Field(
        None,
        pattern=r"^(https?://[^\s/]+(/\S*)?|/.*[^/])$",
        description="Where Airflow sends its lineage (OpenLineage): the address of a server such as"
        " Marquez, or the absolute path of a file; if unset, nowhere.",
    )
