"""Encode a prediction as a line of the log, with hashes in place of patient and encounter ids."""

import secrets
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from itertools import count

from pydantic_core import to_json

from readmission.domain import schema
from readmission.domain.privacy import Pseudonyms
from readmission.warehouse.predictions.store import to_line

Record = tuple[
    float, str, int, str, Mapping[str, str | int], Sequence[float], str, str | None, str | None
]  # fmt: skip
"""Epoch seconds, request id, row, model version, encounter, probabilities, class, key id of the
caller (empty if it is anonymous) and its address."""

KEYS = (schema.ENCOUNTER, schema.PATIENT)


class Encoder:
    """Turns records into lines that PostgreSQL's COPY reads.

    Pseudonyms replace the ids of encounter and patient: rows of one patient can be linked, but
    nobody can guess an id without the key.

    Parameters
    ----------
    key : str
        Secret of at least 32 characters. With another key, pseudonyms change.
    """

    def __init__(self, key: str) -> None:
        names = Pseudonyms(key)
        self._encounter_hash, self._patient_hash = names.encounter, names.patient

    def line(self, record: Record) -> bytes:
        """Return one record as a line with its own id.

        Raises
        ------
        ValueError, TypeError
            If PostgreSQL cannot store one of the values.
        """
        (
            at, request_id, row, model_version, encounter, probabilities, predicted_class, caller,
            peer,
        ) = record  # fmt: skip
        features = dict(encounter)
        encounter_id, patient_nbr = (features.pop(name, None) for name in KEYS)
        p_no, p_over_30, p_under_30 = probabilities
        line = to_line(
            (
                _new_id(at),
                datetime.fromtimestamp(at, UTC).isoformat(),
                request_id,
                str(row),
                model_version,
                self._encounter_hash(encounter_id),
                self._patient_hash(patient_nbr),
                to_json(features).decode(),
                repr(float(p_no)),
                repr(float(p_over_30)),
                repr(float(p_under_30)),
                predicted_class,
                caller,
                peer,
            )
        )
        if "\0" in line or r"\u0000" in line:
            raise ValueError("PostgreSQL cannot store a NUL character")
        return line.encode()


def _new_id(at: float) -> str:
    """Return a UUID of version 7 (RFC 9562); ordered by time, so that the index stays compact.

    It need not be secret: random bits of the process and a counter are enough.
    """
    return f"{int(at * 1000):012x}7{_PROCESS[:3]}8{_PROCESS[3:]}{next(_NUMBERS) & 0xFFFFFFFF:08x}"


_PROCESS, _NUMBERS = secrets.token_hex(5), count()
