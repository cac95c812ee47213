"""Errors of the local stack; each message says what to do."""

from readmission.errors import ReadmissionError


class StackError(ReadmissionError):
    """A command on the local stack failed."""


class StackBusy(StackError):
    """Another command is running on the same state folder."""


class PortTaken(StackError):
    """Another program uses a port that a service needs."""


class ServiceFailed(StackError):
    """A service failed to start.

    Parameters
    ----------
    name : str
        The service.
    reason : str
        What happened, as a predicate, such as "was not ready after 300 s".
    log : str
        The last lines of its log.
    """

    def __init__(self, name: str, reason: str, log: str) -> None:
        shown = f"\nThe last lines of its log:\n{log}" if log else ""
        super().__init__(
            f"{name} {reason}.{shown}\n"
            f"For more of the log, run `readmission logs {name}`. After fixing the cause, run "
            "`readmission up` again; services that already run are not restarted."
        )
        self.name = name
