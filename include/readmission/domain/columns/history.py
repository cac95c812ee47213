"""A patient's history of earlier stays, as it was known when an encounter began.

Training and serving both call `history_of`, so that they cannot disagree.
"""

from collections.abc import Iterable
from dataclasses import dataclass
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
    discharge: str
    diagnosis: str
    followed_soon: bool


@dataclass(frozen=True)
class History:
    """A summary of a patient's earlier stays; all fields but the counts describe the last one.

    Parameters
    ----------
    stays, days : int
        Number and total length of the earlier stays.
    last_days, last_medicines : int, optional
        Of the last stay; None without one.
    last_discharge, last_diagnosis : str
        Of the last stay; ``Unknown`` without one.
    soon : bool
        Whether the encounter began within 30 days of the last stay.
    """

    stays: int = 0
    days: int = 0
    last_days: int | None = None
    last_medicines: int | None = None
    last_discharge: str = earlier_stays.UNKNOWN
    last_diagnosis: str = earlier_stays.UNKNOWN
    soon: bool = False

    def fields(self) -> dict[str, str | int]:
        """Return the values of `readmission.domain.columns.earlier_stays.FIELDS`."""
        values: dict[str, str | int] = {
            earlier_stays.KNOWN: self.stays,
            "earlier_days": self.days,
            "last_days": self.last_days or 0,
            "last_medicines": self.last_medicines or 0,
            "last_discharge": self.last_discharge,
            "last_diagnosis": group_of(self.last_diagnosis),
            earlier_stays.SOON: int(self.soon),
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
    last = known[max(known)]
    return History(
        stays=len(known),
        days=sum(stay.days for stay in known.values()),
        last_days=last.days,
        last_medicines=last.medicines,
        last_discharge=last.discharge,
        last_diagnosis=last.diagnosis,
        soon=last.followed_soon,
    )
