"""Splits: 70/15/15 in every batch, stratified, and a patient always stays in the same one."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest

from readmission.domain import schema
from readmission.domain.cleaning import outcome
from readmission.domain.splitting import DRAWN_BELOW, SHARES, Split, assign_splits
from readmission.pipeline.source import Dataset

KEY = "a key"
BATCH = 15_000
SPLITS = [str(split) for split in Split]


@dataclass(frozen=True)
class SplitFile:
    """All batches of the file after their split, and the patients that each added."""

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
def file(labelled: pd.DataFrame) -> SplitFile:
    """The batches of the file, split one after the other."""
    known: dict[int, str] = {}
    added, pieces = [], []
    for _, batch in labelled.groupby("batch"):
        new = assign_splits(batch["patient"], batch["label"], dict(known), KEY)
        known |= new
        added.append(new)
        pieces.append(batch.assign(part=batch["patient"].map(known)))
    return SplitFile(pd.concat(pieces), added)


def random_batch(rows: int, patients: int, seed: int = 1) -> tuple[pd.Series, pd.Series]:
    random = np.random.default_rng(seed)
    numbers = random.integers(1, patients + 1, rows)
    return pd.Series(numbers), pd.Series(random.choice(3, rows, p=[0.54, 0.35, 0.11]))


def test_patients_with_one_stay_are_split_exactly() -> None:
    # given a full batch of patients with one stay each, in three classes
    sizes = (8_000, 5_400, 1_600)
    labels = pd.Series(np.repeat([0, 1, 2], sizes))
    patients = pd.Series(np.arange(1, 15_001))

    # when
    splits = patients.map(assign_splits(patients, labels, {}, KEY))

    # then
    assert splits.value_counts().to_dict() == {"train": 10_500, "val": 2_250, "test": 2_250}
    for label, size in enumerate(sizes):
        found = splits[labels == label].value_counts()
        assert found.to_dict() == {split: round(share * size) for split, share in SHARES.items()}


def test_every_batch_of_the_file_is_split_70_15_15(file: SplitFile) -> None:
    for _, batch in file.rows.groupby("batch"):
        sizes = batch["part"].value_counts(normalize=True)
        for split, share in SHARES.items():
            assert sizes[split] == pytest.approx(share, abs=0.002)


def test_the_class_shares_of_every_split_are_those_of_its_batch(file: SplitFile) -> None:
    for _, batch in file.rows.groupby("batch"):
        shares = pd.crosstab(batch["part"], batch["label"], normalize="index")
        whole = batch["label"].value_counts(normalize=True)
        assert (shares - whole).abs().max(axis=None) <= 0.005


def test_no_patient_is_in_two_splits(file: SplitFile) -> None:
    # given patients with a stay in a later batch, too
    batches = file.rows.groupby("patient")["batch"].nunique()
    assert (batches > 1).sum() > 100

    # then
    assert file.rows["part"].isin(SPLITS).all()
    assert (file.rows.groupby("patient")["part"].nunique() == 1).all()
    everyone = [patient for new in file.added for patient in new]
    assert len(everyone) == len(set(everyone)) == file.rows["patient"].nunique()


def test_full_batches_of_the_uci_file_differ_from_10500_2250_2250_by_a_few_rows(
    uci: Dataset, file: SplitFile
) -> None:
    sizes = pd.crosstab(file.rows["batch"], file.rows["part"])

    assert sizes.sum(axis=1).tolist() == [15_000] * 6 + [11_766]
    ideal = pd.Series({"train": 10_500, "val": 2_250, "test": 2_250})
    assert (sizes.iloc[:6] - ideal).abs().max(axis=None) <= 10


def test_a_known_patient_keeps_the_split_and_its_rows_are_counted() -> None:
    # given known patients, all in the test split, with new stays
    patients, labels = random_batch(2_000, 1_500)
    returning = patients.unique()[:80]
    known = dict.fromkeys(map(int, returning), "test")

    # when
    new = assign_splits(patients, labels, known, KEY)

    # then
    assert new.keys() == set(patients) - known.keys()
    sizes = patients.map(known | new).value_counts(normalize=True)
    assert sizes["test"] == pytest.approx(0.15, abs=0.005)


def test_if_returning_patients_overfill_the_test_split_new_ones_go_to_the_others() -> None:
    patients, labels = random_batch(1_000, 800)
    known = dict.fromkeys(map(int, patients.unique()[:300]), "test")

    new = assign_splits(patients, labels, known, KEY)

    assert set(new.values()) == {"train", "val"}


def test_the_split_depends_only_on_patients_labels_and_key() -> None:
    # given
    patients, labels = random_batch(1_000, 700)
    expected = assign_splits(patients, labels, {}, KEY)
    order = np.random.default_rng(2).permutation(len(patients))
    others = {999_999: "test"}

    # then
    assert assign_splits(patients, labels, {}, KEY) == expected
    assert assign_splits(patients.iloc[order], labels.iloc[order], {}, KEY) == expected
    assert assign_splits(patients, labels, others, KEY) == expected
    assert assign_splits(patients, labels, {}, "another key") != expected


@pytest.mark.parametrize("rows", [1, 2, 7])
def test_a_tiny_batch_is_split_too(rows: int) -> None:
    patients, labels = random_batch(rows, 1_000)

    new = assign_splits(patients, labels, {}, KEY)

    assert new.keys() == set(patients)
    assert set(new.values()) <= set(SPLITS)


@pytest.mark.parametrize("rows", [1, 3, DRAWN_BELOW - 1])
def test_many_tiny_batches_together_come_out_70_15_15(rows: int) -> None:
    # given new patients in batches of a few rows, some of them twice in a batch
    patients = np.arange(1, 6_001) // (1 if rows == 1 else 2)
    labels = np.random.default_rng(3).choice(3, len(patients), p=[0.54, 0.35, 0.11])

    # when
    known: dict[int, str] = {}
    for start in range(0, len(patients), rows):
        batch = slice(start, start + rows)
        known |= assign_splits(pd.Series(patients[batch]), pd.Series(labels[batch]), known, KEY)

    # then the shares are right, within chance
    assert known.keys() == set(patients)
    shares = pd.Series(known).value_counts(normalize=True)
    for split, share in SHARES.items():
        assert shares[split] == pytest.approx(share, abs=0.03)


def test_a_patient_drawn_in_a_tiny_batch_keeps_the_split_in_a_large_one() -> None:
    patients, labels = random_batch(2_000, 1_500)
    drawn = assign_splits(patients.head(5), labels.head(5), {}, KEY)

    assert drawn == assign_splits(patients.iloc[[4, 3, 2, 1, 0]], labels.head(5), {}, KEY)
    assert drawn.keys().isdisjoint(assign_splits(patients, labels, drawn, KEY))


def test_a_batch_of_known_patients_adds_none() -> None:
    patients, labels = random_batch(50, 20)
    known = dict.fromkeys(map(int, patients), "train")

    assert assign_splits(patients, labels, known, KEY) == {}
