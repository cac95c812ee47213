"""Synthetic encounters of the same schema, for machines that cannot reach the real ones.

They exercise every part of the system and teach nothing about patients: a weak
dependence of the outcome on earlier stays, age and discharge is put in by hand so
that models have something to find.
"""

import io

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pyarrow import csv as arrow_csv

from readmission.domain import codes, schema
from readmission.domain.columns import MISSING, Column, Kind

SEED = 296
MEAN_STAYS = 1.4
MISSING_SHARE = 0.05
FIRST_ENCOUNTER = 2_000_000_001
"""Above every number in the UCI file, which is how a synthetic file is recognised, and within
the contract of a key."""

_DIAGNOSES = (
    "428",
    "414",
    "786",
    "410",
    "486",
    "427",
    "491",
    "715",
    "682",
    "434",
    "780",
    "996",
    "276",
    "38",
    "250.8",
    "599",
    "584",
    "V57",
    "250.6",
    "518",
    "820",
    "577",
    "493",
    "435",
    "562",
    "574",
    "296",
    "560",
    "440",
    "E885",
    "401",
    "250",
    "250.02",
    "403",
    "285",
    "174",
    "197",
    "585",
)


def encounters(rows: int, seed: int = SEED) -> pa.Table:
    """Return `rows` synthetic encounters, the same ones for the same seed.

    Returns
    -------
    pyarrow.Table, shape (rows, 50)
        The columns of `schema.COLUMNS`, all text, spelt as the UCI file spells them.
    """
    random = np.random.default_rng(seed)
    columns = {c.name: _values(c, rows, random) for c in schema.COLUMNS}
    columns[schema.ENCOUNTER] = np.arange(FIRST_ENCOUNTER, FIRST_ENCOUNTER + rows).astype(str)
    patients = random.integers(1, max(2, int(rows / MEAN_STAYS)), rows)
    columns[schema.PATIENT] = (FIRST_ENCOUNTER + patients).astype(str)
    columns |= _consistent(columns)
    columns[schema.TARGET] = _outcomes(columns, random)
    return pa.table({name: pa.array(values, pa.string()) for name, values in columns.items()})


def csv_bytes(rows: int, seed: int = SEED) -> bytes:
    """Return synthetic encounters as the bytes of a CSV file."""
    sink = io.BytesIO()
    arrow_csv.write_csv(encounters(rows, seed), sink, arrow_csv.WriteOptions(quoting_style="none"))
    return sink.getvalue()


def is_synthetic(table: pa.Table) -> bool:
    """Whether these encounters were made here."""
    return table.num_rows > 0 and table[schema.ENCOUNTER][0].as_py() == str(FIRST_ENCOUNTER)


def _values(column: Column, rows: int, random: np.random.Generator) -> npt.NDArray[np.str_]:
    match column.kind:
        case Kind.KEY:
            return np.full(rows, "")
        case Kind.COUNT:
            usual = int(column.example)
            drawn = column.minimum + random.poisson(max(usual - column.minimum, 0.5), rows)
            values = np.minimum(drawn, column.maximum).astype(str)
        case Kind.DIAGNOSIS:
            values = random.choice(_DIAGNOSES, rows)
        case _:
            values = random.choice(list(column.values), rows, p=_weights(column))
    if column.nullable:
        values = np.where(random.random(rows) < MISSING_SHARE, MISSING, values)
    return values


def _weights(column: Column) -> npt.NDArray[np.float64]:
    """Half of the rows take the column's example, where it is one of its values."""
    weights = np.ones(len(column.values))
    if column.example in column.values:
        weights[list(column.values).index(column.example)] = max(len(column.values) - 1, 1)
    return weights / weights.sum()


def _consistent(columns: dict[str, npt.NDArray[np.str_]]) -> dict[str, npt.NDArray[np.str_]]:
    """Return the columns that follow from others in a real encounter."""
    doses = np.stack([columns[name] for name in codes.MEDICINES])
    given, changed = (doses != "No").any(axis=0), np.isin(doses, ["Down", "Up"]).any(axis=0)
    entered = sum((columns[f"diag_{n}"] != MISSING).astype(int) for n in (1, 2, 3))
    counted = np.maximum(columns["number_diagnoses"].astype(int), entered)
    born = columns["age"] == next(iter(codes.AGES))
    urgency = columns["admission_type_id"]
    return {
        "diabetesMed": np.where(given, "Yes", "No"),
        "change": np.where(changed, "Ch", "No"),
        "number_diagnoses": counted.astype(str),
        "admission_type_id": np.where((urgency == "4") & ~born, "1", urgency),
    }


def _outcomes(
    columns: dict[str, npt.NDArray[np.str_]], random: np.random.Generator
) -> npt.NDArray[np.str_]:
    inpatient = columns["number_inpatient"].astype(int)
    old = np.isin(columns["age"], ["[70-80)", "[80-90)", "[90-100)"])
    elsewhere = columns["discharge_disposition_id"] != "1"
    burden = 0.85 * np.minimum(inpatient, 4) + 0.45 * old + 0.6 * elsewhere
    logits = np.stack([np.zeros_like(burden), burden - 1.35, 1.5 * burden - 3.2], axis=1)
    scores = logits + random.gumbel(size=logits.shape)
    outcomes = np.array(schema.CLASSES)[scores.argmax(axis=1)]
    died = np.isin(columns["discharge_disposition_id"], list(schema.DIED))
    return np.where(died, schema.CLASSES[0], outcomes)
