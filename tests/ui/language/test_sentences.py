"""What the service says in sentences with figures, as it composes them itself."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from api.contract.encounter import KNOWN_FIELDS, check_encounter
from api.errors import InvalidEncounter
from api.model.moves import AliasMove
from readmission.domain import schema
from readmission.domain.production import CriterionStatus, Pin
from readmission.modelling.evaluation.criteria import LIMITS, SHADOW, TITLES, Criterion, sentence
from readmission.modelling.evaluation.newest_batch import ERROR, alarm_note
from readmission.pipeline.outcomes.shadow import ShadowComparison
from readmission.pipeline.promotion.rule import Rule, decide
from ui.language import choice, sentences

PASSED = CriterionStatus.PASSED
AUROC = next(name for name, title in TITLES.items() if title.endswith("AUROC(<30)"))
ENGLISH = re.compile(r"\b(the|of|is|at|to|by|below|least|most|limit|better|upper|or|was|which)\b")


@pytest.fixture(autouse=True)
def in_spanish(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the visit be in Spanish."""
    monkeypatch.setattr(choice, "chosen", lambda: "es")


def criterion(name: str, limit: str = "upper end below 0", **changes: Any) -> dict[str, Any]:
    """Return a stored criterion."""
    return {
        "name": name, "group": None, "figure": -0.0126, "interval": (-0.02, -0.005),
        "limit": limit, "verdict": "passed", **changes,
    }  # fmt: skip


def reasons() -> Iterator[str]:
    """Yield reasons for verdicts."""
    better, worse = {"weighted_f1": 0.55, "log_loss": 0.9}, {"weighted_f1": 0.5, "log_loss": 0.91}
    failed = [criterion(name, verdict="failed") for name in ("log_loss", "weighted_f1")]
    first = {"challenger": better, "champion": None}
    yield decide(first, Rule())[1]
    yield decide(first, Rule(), "no promoted version can be opened any longer")[1]
    for found in ([criterion("log_loss")], failed, failed[:1], failed[1:]):
        figures = {"challenger": better, "champion": worse, "criteria": found}
        yield decide(figures, Rule())[1]
    for challenger, champion in ((better, worse), (worse, better)):
        compared = {"challenger": challenger, "champion": champion}
        yield decide(compared, Rule("weighted_f1"))[1]
    yield decide(
        {"challenger": {**better, "log_loss": 2.0}, "champion": worse}, Rule("weighted_f1")
    )[1]
    yield "late: batch-0007 is newer, and its model came first"
    newest = {"batch_id": "batch-0007", "metrics": {ERROR: 0.141}, "limit": 0.061}
    yield f"{decide(first, Rule())[1]}; {alarm_note(newest)}"
    loss = Criterion("log_loss", -0.01, (-0.02, -0.001), "upper end below 0", PASSED)
    shadow = ShadowComparison("3", "4", 812, 700, [loss]).sentence
    yield f"{decide(first, Rule())[1]}; {shadow}; {alarm_note(newest)}"


def criteria() -> Iterator[str]:
    """Yield criteria with every title, limit, interval and group."""
    for name in TITLES:
        yield sentence(criterion(name))
    yield sentence(criterion("newest_batch_log_loss", "none; on all batches 0.8551"))
    yield sentence(criterion(SHADOW, LIMITS[SHADOW], group="version 3"))
    for limit in ("at least -0.005", "at most 0.02", "0.8 to 1.2", "upper end at least -0.01"):
        yield sentence(criterion(AUROC, limit))
    for group in ("gender: Female", "race: AfricanAmerican", "race: Unknown", "age: [70-80)"):
        yield sentence(criterion(AUROC, group=group))
    yield sentence(criterion(AUROC, figure=None, interval=None))


def moves() -> Iterator[str]:
    """Yield what people did to production."""
    yield AliasMove("1", "2", follow=True).describe("1")
    yield AliasMove("1", "2", follow=False).describe("2")
    yield AliasMove(None, "2", follow=True).describe(None)
    pin = Pin("3", "Dr. Osei", "mala calibración", datetime(2027, 1, 31, tzinfo=UTC))
    yield str(pin)
    yield f"held: {pin}; without the pin: first model, weighted F1 0.5500"


def expectations() -> Iterator[str]:
    """Yield what every field expects."""
    yield from (column.expected for column in schema.COLUMNS)
    yield from (KNOWN_FIELDS, "23 values, as many as the header has columns")
    for wrong in ([], {"agee": 1}, {"readmitted": "NO"}):
        with pytest.raises(InvalidEncounter) as error:
            check_encounter(wrong)
        yield from (problem.expected for problem in error.value.problems)


@pytest.mark.parametrize(
    "text", dict.fromkeys([*reasons(), *criteria(), *moves(), *expectations()])
)
def test_a_sentence_of_the_service_is_translated_completely(text: str) -> None:
    translated = sentences.translation(text)

    assert translated, text
    # Commands, settings and values stand as they are.
    words = re.sub(r"readmission \S+.*|READMISSION_\w+|uno de .*|'[^']*'", "", translated)
    assert not ENGLISH.search(words), translated


def test_figures_are_written_as_in_the_language() -> None:
    assert sentences.translate("first model, weighted F1 0.5500") == (
        "primer modelo, F1 ponderado 0,5500"
    )
    assert sentences.translate("at least -0.005") == "al menos -0,005"


def test_a_time_is_written_as_in_the_language() -> None:
    pinned = "version 3 is pinned until 2027-01-31 00:00 UTC by Dr. Osei: mala calibración"

    assert sentences.translate(pinned) == (
        "la versión 3 está fijada hasta 31 ene 2027, 0:00 UTC por Dr. Osei: mala calibración"
    )


def test_an_unknown_sentence_stays_and_is_known_as_unknown() -> None:
    assert sentences.translate("something else happened") == "something else happened"
    assert sentences.translation("something else happened") is None


def test_english_is_returned_unchanged(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choice, "chosen", lambda: "en")

    assert sentences.translation("whatever 0.5500 means") == "whatever 0.5500 means"
