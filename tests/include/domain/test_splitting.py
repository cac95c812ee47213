"""Parts: 70/15/15 in every batch, stratified, and a patient in one of them for ever."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest

from readmission.domain import schema
from readmission.domain.cleaning import outcome
from readmission.domain.splitting import DRAWN_BELOW, SHARES, Part, assign_parts
from readmission.pipeline.source import Dataset

KEY = "a key"
BATCH = 15_000
PARTS = [str(part) for part in Part]


@dataclass(frozen=True)
class Split:
    """All batches of the file after their split, and what each added."""

    rows: pd.DataFrame
    added: list[dict[int, str]]


@pytest.fixture(scope="module")
def labelled(dataset: Dataset) -> pd.DataFrame:
    """Patient and class of every encounter, and its batch."""
    raw = dataset.encounters.select([schema.PATIENT, schema.TARGET]).to_pandas()
    return pd.DataFrame(
        {
            "patient": raw[schema.PATIENT].astype("int64"),
            "label": outcome(raw),
            "batch": np.arange(len(raw)) // BATCH,
        }
    )


@pytest.fixture(scope="module")
def split(labelled: pd.DataFrame) -> Split:
    """The batches split one after the other, each knowing those before."""
    known: dict[int, str] = {}
    added, pieces = [], []
    for _, batch in labelled.groupby("batch"):
        new = assign_parts(batch["patient"], batch["label"], dict(known), KEY)
        known |= new
        added.append(new)
        pieces.append(batch.assign(part=batch["patient"].map(known)))
    return Split(pd.concat(pieces), added)


def random_batch(rows: int, patients: int, seed: int = 1) -> tuple[pd.Series, pd.Series]:
    random = np.random.default_rng(seed)
    numbers = random.integers(1, patients + 1, rows)
    return pd.Series(numbers), pd.Series(random.choice(3, rows, p=[0.54, 0.35, 0.11]))


def test_patients_of_one_stay_are_cut_exactly() -> None:
    # given a full batch of patients who came once, in three classes
    sizes = (8_000, 5_400, 1_600)
    labels = pd.Series(np.repeat([0, 1, 2], sizes))
    patients = pd.Series(np.arange(1, 15_001))

    # when
    parts = patients.map(assign_parts(patients, labels, {}, KEY))

    # then
    assert parts.value_counts().to_dict() == {"train": 10_500, "val": 2_250, "test": 2_250}
    for label, size in enumerate(sizes):
        found = parts[labels == label].value_counts()
        assert found.to_dict() == {part: round(share * size) for part, share in SHARES.items()}


def test_every_batch_of_the_file_is_cut_70_15_15(split: Split) -> None:
    for _, batch in split.rows.groupby("batch"):
        sizes = batch["part"].value_counts(normalize=True)
        for part, share in SHARES.items():
            assert sizes[part] == pytest.approx(share, abs=0.002)


def test_the_class_shares_of_every_part_are_those_of_its_batch(split: Split) -> None:
    for _, batch in split.rows.groupby("batch"):
        shares = pd.crosstab(batch["part"], batch["label"], normalize="index")
        whole = batch["label"].value_counts(normalize=True)
        assert (shares - whole).abs().max(axis=None) <= 0.005


def test_no_patient_is_in_two_parts(split: Split) -> None:
    # given patients who came back in a later batch
    batches = split.rows.groupby("patient")["batch"].nunique()
    assert (batches > 1).sum() > 100

    # then
    assert split.rows["part"].isin(PARTS).all()
    assert (split.rows.groupby("patient")["part"].nunique() == 1).all()
    everyone = [patient for new in split.added for patient in new]
    assert len(everyone) == len(set(everyone)) == split.rows["patient"].nunique()


def test_full_batches_of_the_uci_file_miss_10500_2250_2250_by_a_few_rows(
    uci: Dataset, split: Split
) -> None:
    sizes = pd.crosstab(split.rows["batch"], split.rows["part"])

    assert sizes.sum(axis=1).tolist() == [15_000] * 6 + [11_766]
    ideal = pd.Series({"train": 10_500, "val": 2_250, "test": 2_250})
    assert (sizes.iloc[:6] - ideal).abs().max(axis=None) <= 10


def test_a_known_patient_keeps_the_part_and_its_rows_count() -> None:
    # given that all who are known came back, in the test part
    patients, labels = random_batch(2_000, 1_500)
    returning = patients.unique()[:80]
    known = dict.fromkeys(map(int, returning), "test")

    # when
    new = assign_parts(patients, labels, known, KEY)

    # then
    assert new.keys() == set(patients) - known.keys()
    sizes = patients.map(known | new).value_counts(normalize=True)
    assert sizes["test"] == pytest.approx(0.15, abs=0.005)


def test_more_returning_test_patients_than_fit_leave_the_rest_to_the_others() -> None:
    patients, labels = random_batch(1_000, 800)
    known = dict.fromkeys(map(int, patients.unique()[:300]), "test")

    new = assign_parts(patients, labels, known, KEY)

    assert set(new.values()) == {"train", "val"}


def test_the_split_depends_on_patients_labels_and_key_only() -> None:
    # given
    patients, labels = random_batch(1_000, 700)
    expected = assign_parts(patients, labels, {}, KEY)
    order = np.random.default_rng(2).permutation(len(patients))
    strangers = {999_999: "test"}

    # then
    assert assign_parts(patients, labels, {}, KEY) == expected
    assert assign_parts(patients.iloc[order], labels.iloc[order], {}, KEY) == expected
    assert assign_parts(patients, labels, strangers, KEY) == expected
    assert assign_parts(patients, labels, {}, "another key") != expected


@pytest.mark.parametrize("rows", [1, 2, 7])
def test_a_tiny_batch_is_split_too(rows: int) -> None:
    patients, labels = random_batch(rows, 1_000)

    new = assign_parts(patients, labels, {}, KEY)

    assert new.keys() == set(patients)
    assert set(new.values()) <= set(PARTS)


@pytest.mark.parametrize("rows", [1, 3, DRAWN_BELOW - 1])
def test_many_tiny_batches_come_out_70_15_15_together(rows: int) -> None:
    # given new patients who come in batches of a few rows, some of them twice in a batch
    patients = np.arange(1, 6_001) // (1 if rows == 1 else 2)
    labels = np.random.default_rng(3).choice(3, len(patients), p=[0.54, 0.35, 0.11])

    # when
    known: dict[int, str] = {}
    for start in range(0, len(patients), rows):
        batch = slice(start, start + rows)
        known |= assign_parts(pd.Series(patients[batch]), pd.Series(labels[batch]), known, KEY)

    # then, up to chance
    assert known.keys() == set(patients)
    shares = pd.Series(known).value_counts(normalize=True)
    for part, share in SHARES.items():
        assert shares[part] == pytest.approx(share, abs=0.03)


def test_a_patient_drawn_in_a_tiny_batch_keeps_the_part_in_a_large_one() -> None:
    patients, labels = random_batch(2_000, 1_500)
    drawn = assign_parts(patients.head(5), labels.head(5), {}, KEY)

    assert drawn == assign_parts(patients.iloc[[4, 3, 2, 1, 0]], labels.head(5), {}, KEY)
    assert drawn.keys().isdisjoint(assign_parts(patients, labels, drawn, KEY))


def test_a_batch_of_known_patients_adds_nobody() -> None:
    patients, labels = random_batch(50, 20)
    known = dict.fromkeys(map(int, patients), "train")

    assert assign_parts(patients, labels, known, KEY) == {}
