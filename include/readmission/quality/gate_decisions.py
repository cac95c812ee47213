"""Where the decisions about a gate's warnings are stored."""

from readmission.errors import DecisionRefused
from readmission.quality.catalogue import GATES, Database
from readmission.warehouse import CleanWarehouse, RawWarehouse
from readmission.warehouse.sql.gate_warnings import GateWarnings


def warnings_of(name: str, raw: RawWarehouse, clean: CleanWarehouse) -> GateWarnings:
    """Return the warnings in the database whose rows a gate checks.

    Raises
    ------
    DecisionRefused
        If there is no gate of this name.
    """
    connections = {Database.RAW: raw.connection, Database.CLEAN: clean.connection}
    for gate in GATES:
        if gate.name == name:
            return GateWarnings(connections[gate.database])
    known = ", ".join(gate.name for gate in GATES)
    raise DecisionRefused(f"there is no gate {name!r}, expected one of {known}")
