"""Synthetic encounters of the same schema, for machines without access to the real ones.

They exercise every part of the system but say nothing about real patients. The outcome depends
weakly on earlier stays, age and discharge, so that models have something to learn.
"""

from readmission.domain.synthetic.encounters import (
    FIRST_ENCOUNTER,
    SEED,
    csv_bytes,
    encounters,
    is_synthetic,
)

__all__ = ["FIRST_ENCOUNTER", "SEED", "csv_bytes", "encounters", "is_synthetic"]
