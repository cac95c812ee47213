"""A patient's history of earlier stays, as it was known when an encounter began.

Training and serving both call `history_of`, so that they cannot disagree.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import NamedTuple

from readmission.domain.columns import earlier_stays
from readmission.domain.diagnoses import group_of


class Stay(NamedTuple):
    """One stay of a patient, with the facts that later predictions may use.

    A tuple, because a look-up creates one for each earlier stay: a frozen dataclass takes 1 µs.

    Parameters
    ----------
    encounter : int
        Number of the encounter. The data has no dates: a lower number is an earlier stay.
    batch : int
        Number of the batch with which it arrived.
    days, medicines : int
        Its length, and the number of different medicines.
    inpatient, emergency, outpatient : int
        Visits in the year before it.
    discharge, diagnosis : str
        Code of the disposition, and the primary diagnosis as CLEAN has it.
    followed_soon : bool
        Whether the next stay began within 30 days. The outcomes ``>30`` and ``NO`` are both False:
        which of them it was is only known long after the next stay began.
    """

    encounter: int
    batch: int
    days: int
    medicines: int
    inpatient: int
    emergency: int
    outpatient: int
    discharge: str
    diagnosis: str
    followed_soon: bool


CLEAN_COLUMNS: Mapping[str, str] = MappingProxyType(
    {
        "days": "time_in_hospital",
        "medicines": "num_medications",
        "inpatient": "number_inpatient",
        "emergency": "number_emergency",
        "outpatient": "number_outpatient",
        "discharge": "discharge_disposition_id",
        "diagnosis": "diag_1",
    }
)
"""The facts of a stay that are columns of CLEAN, in the order of `Stay`."""


@dataclass(frozen=True)
class History:
    """A summary of a patient's earlier stays.

    Parameters
    ----------
    stays : int
        Number of the earlier stays.
    days, inpatient, emergency, outpatient : int
        Their total length, and the total of the visits in the year before each.
    last : Stay, optional
        The last of them; this encounter began within 30 days of it if it was ``followed_soon``.
    """

    stays: int = 0
    days: int = 0
    inpatient: int = 0
    emergency: int = 0
    outpatient: int = 0
    last: Stay | None = None

    def fields(self) -> dict[str, str | int]:
        """Return the values of `readmission.domain.columns.earlier_stays.FIELDS`."""
        if self.last is None:
            return dict(earlier_stays.NONE)
        values: dict[str, str | int] = {
            earlier_stays.KNOWN: self.stays,
            "earlier_days": self.days,
            "earlier_inpatient": self.inpatient,
            "earlier_emergency": self.emergency,
            "earlier_outpatient": self.outpatient,
            "last_days": self.last.days,
            "last_medicines": self.last.medicines,
            "last_inpatient": self.last.inpatient,
            "last_emergency": self.last.emergency,
            "last_outpatient": self.last.outpatient,
            "last_discharge": self.last.discharge,
            "last_diagnosis": group_of(self.last.diagnosis),
            earlier_stays.SOON: int(self.last.followed_soon),
        }
        return {
            name: min(value, earlier_stays.BY_NAME[name].maximum)
            if isinstance(value, int)
            else value
            for name, value in values.items()
        }


NO_HISTORY = History()


def history_of(stays: Iterable[Stay], encounter: int, batch: int) -> History:
    """Return the history of an encounter.

    Parameters
    ----------
    stays : iterable of Stay
        Stays of its patient, in any order; may include itself and later ones. A corrected encounter
        occurs once for each batch that brought it.
    encounter : int
        Only stays with a lower number count.
    batch : int
        Number of the batch with which it arrived. Stays of later batches do not count, because they
        were not known yet. Of a corrected stay, the newest known row counts.
    """
    known: dict[int, Stay] = {}
    for stay in stays:
        if stay.encounter < encounter and stay.batch <= batch:
            before = known.get(stay.encounter)
            if before is None or before.batch < stay.batch:
                known[stay.encounter] = stay
    if not known:
        return NO_HISTORY
    return History(
        stays=len(known),
        days=sum(stay.days for stay in known.values()),
        inpatient=sum(stay.inpatient for stay in known.values()),
        emergency=sum(stay.emergency for stay in known.values()),
        outpatient=sum(stay.outpatient for stay in known.values()),
        last=known[max(known)],
    )
