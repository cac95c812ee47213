"""What can go wrong with the local stack, each error with the way out."""

from readmission.errors import ReadmissionError


class StackError(ReadmissionError):
    """The local stack cannot do what was asked."""


class StackBusy(StackError):
    """Another command is at work on the same state."""


class PortTaken(StackError):
    """A port that a service needs belongs to somebody else."""


class ServiceFailed(StackError):
    """A service did not come up.

    Parameters
    ----------
    name : str
        The service.
    reason : str
        What was seen.
    log : str
        The end of its log.
    """

    def __init__(self, name: str, reason: str, log: str) -> None:
        shown = f"\nThe end of its log:\n{log}" if log else ""
        super().__init__(
            f"{name} {reason}.{shown}\n"
            f"The whole log: readmission logs {name}. When it is mended, run `readmission up` "
            "again: what already runs stays as it is."
        )
        self.name = name
