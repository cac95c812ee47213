"""Settings of deliveries, which `readmission.settings.Settings` inherits."""

from typing import Literal

from pydantic import Field

from readmission.settings.renamed import RenamedSettings


class DeliverySettings(RenamedSettings):
    """What happens to rows that change what has arrived before."""

    corrections: Literal["hold", "accept"] = Field(
        "hold",
        description="Whether a row with other values for a known encounter waits for a person, or"
        " replaces the earlier row at once.",
    )
