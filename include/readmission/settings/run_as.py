"""The setting of the user who runs the stack, which `readmission.settings.Settings` inherits."""

from pydantic import Field

from readmission.settings.renamed import RenamedSettings


class RunAsSettings(RenamedSettings):
    """The user who runs the stack on one machine."""

    run_as: str | None = Field(
        None,
        description="User as whom the command `readmission` and all its services run if root"
        " starts them; if unset, root runs the services on one machine.",
    )
