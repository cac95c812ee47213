"""Rotation and loss of the key of the prediction log, as docs/operations.md describes them."""

from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import SecretStr

from readmission.domain.privacy import Pseudonyms
from readmission.errors import ErasureKeyError
from readmission.operations.patients.commands import run_export, run_rekey
from readmission.settings import Settings
from readmission.warehouse import RawWarehouse
from readmission.warehouse.clean.patient_history import PatientHistory
from readmission.warehouse.predictions.store import PredictionStore
from tests.include.operations.ward import BY, KEY, OTHER, PATIENT, WHY, Ward, encounter_of, texts
from tests.include.tables import encounters

NEW = "another key of at least thirty-two characters"
FORMER = "a key that was in use between the other two"


def with_key(ward: Ward, key: str) -> Ward:
    """Return the ward with the setting that an administrator changed."""
    settings = ward.settings.model_copy(update={"prediction_log_key": SecretStr(key)})
    return replace(ward, settings=settings, key=key)


def exported(settings: Settings, folder: Path) -> str:
    run_export(settings, str(PATIENT), BY, WHY, folder / "patient.json", lambda _: None)
    return (folder / "patient.json").read_text()


def published(ward: Ward) -> set[str]:
    found = ward.predictions_db.execute("SELECT patient_hash FROM known_stay").fetchall()
    return {patient_hash for (patient_hash,) in found}


@pytest.fixture
def settings(ward_settings: Settings) -> Settings:
    return ward_settings


def test_after_a_rotation_everything_is_found_by_the_new_key(ward: Ward, tmp_path: Path) -> None:
    # given what the old key finds, and an erased patient
    ward.erase(OTHER, "asked")
    before = exported(ward.settings, tmp_path)

    # when the new key is put in front of the old one, and the numbers are hashed again
    said: list[str] = []
    done = run_rekey(with_key(ward, f"{NEW},{KEY}").settings, said.append)

    # then the new key alone finds the same rows: stays, predictions and outcomes
    rotated = with_key(ward, NEW)
    after = exported(rotated.settings, tmp_path)
    old, new = Pseudonyms(KEY), Pseudonyms(NEW)
    assert before.count(f'"{old.patient(PATIENT)}"') == after.count(f'"{new.patient(PATIENT)}"') > 0
    assert len(before.splitlines()) == len(after.splitlines())
    assert new.patient(PATIENT) in PatientHistory(ward.clean_db).stays()
    assert new.patient(PATIENT) in published(ward)
    # and no table has a hash of a known number by the old key
    marks = [str(old.patient(PATIENT)), str(old.encounter(encounter_of(3)))]
    for connection in ward.databases.values():
        rows = "".join(row for found in texts(connection).values() for row in found)
        assert not any(mark in rows for mark in marks)
    # and repeating it changes nothing
    assert done.rows["predictions.prediction.patient_hash"] == 1
    again = run_rekey(with_key(ward, f"{NEW},{KEY}").settings, said.append)
    assert set(again.rows.values()) == {0}
    # and the command says that the old key is still needed for the erased patient
    assert said[-1].startswith("1 erased patients are known by a former key only")


def test_an_erasure_reaches_what_a_former_key_has_hashed(ward: Ward) -> None:
    # given a prediction that waits under the old key, and a rotation; nothing was hashed again
    waiting = ward.prediction(PATIENT, encounter_of(3))
    rotated = with_key(ward, f"{NEW},{KEY}")

    # when the patient is erased, and the waiting prediction arrives
    rotated.erase()
    PredictionStore(ward.predictions_db).copy(waiting)

    # then no table has a number or a hash of the patient, but the list of what is refused
    assert ward.traces() == {}


def test_with_a_lost_key_an_erasure_leaves_nothing_in_raw_and_clean(ward: Ward) -> None:
    with_key(ward, NEW).erase()

    assert {place.partition(".")[0] for place in ward.traces()} == {"predictions"}


def test_a_blank_after_the_comma_is_no_part_of_the_former_key() -> None:
    (former,) = Pseudonyms(f"{NEW}, {KEY}").former

    assert former.patient(PATIENT) == Pseudonyms(KEY).patient(PATIENT)


def test_an_outcome_under_two_former_keys_is_kept_once(ward: Ward) -> None:
    # given a rotation after which nothing was hashed again, and an outcome that came twice
    first, second, new = (Pseudonyms(key).encounter(encounter_of(3)) for key in (KEY, FORMER, NEW))
    ward.predictions_db.execute(_CHANGED, (second, first))

    # when the key is rotated once more
    run_rekey(with_key(ward, f"{NEW},{FORMER},{KEY}").settings, lambda _: None)

    # then the outcome that came last is the only one
    found = ward.predictions_db.execute(_OUTCOMES, ([first, second, new],)).fetchall()
    assert found == [(new, "<30")]


def test_rows_of_patients_erased_before_a_rotation_are_refused_as_long_as_the_old_key_is_listed(
    ward: Ward,
) -> None:
    # given
    ward.erase()
    arriving = encounters(5, patient_nbr={0: str(PATIENT)})

    # when another delivery has the patient, after the rotation
    both = RawWarehouse(ward.raw_db, f"{NEW},{KEY}")
    batch = both.load(arriving, 500, "file")

    # then it is refused, and without the old key nothing is stored
    assert batch.erased_rows == 1
    with pytest.raises(ErasureKeyError):
        RawWarehouse(ward.raw_db, NEW).load(arriving, 600, "file")
    # and an erasure that is repeated moves the patient to the new key
    both.erased_patients.begin(PATIENT, ward.raw_db.execute(_ANY).fetchone()[0])
    both.erased_patients.complete(PATIENT)
    assert RawWarehouse(ward.raw_db, NEW).erased_patients.among([str(PATIENT), "1"]) == {
        str(PATIENT)
    }


def test_with_a_lost_key_the_stays_are_found_again_and_the_old_predictions_are_not(
    ward: Ward, tmp_path: Path
) -> None:
    lost = with_key(ward, NEW)

    done = run_rekey(lost.settings, lambda _: None)

    new = Pseudonyms(NEW)
    assert new.patient(PATIENT) in PatientHistory(ward.clean_db).stays()
    assert new.patient(PATIENT) in published(ward)
    assert done.rows["predictions.prediction.patient_hash"] == 0
    # and what follows is logged, found and joined with its outcome by the new key
    lost.predict(PATIENT, encounter_of(20))
    assert exported(lost.settings, tmp_path).count(f'"{new.patient(PATIENT)}"') > 1


_ANY = "SELECT erasure_id FROM erasure"
_CHANGED = """
INSERT INTO outcome SELECT %s, '<30', part, known_at + interval '1 day' FROM outcome
WHERE encounter_hash = %s
"""
_OUTCOMES = "SELECT encounter_hash, readmitted FROM outcome WHERE encounter_hash = ANY(%s)"
