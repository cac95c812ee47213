"""Concurrent requests are scored in one go, and only a failing one fails."""

import asyncio

import pytest

from api.model.turn_scorer import TurnScorer
from readmission.domain import schema
from readmission.modelling.compilation import as_encounters
from readmission.modelling.fitting import Fit
from readmission.serving.encoding_tables import Encounter
from readmission.serving.model import Prediction, ServedModel
from tests.api.models import loaded, raw_encounters, small_fit


@pytest.fixture(scope="module", params=["logistic_regression", "random_forest"])
def model(request: pytest.FixtureRequest, fits: tuple[Fit, Fit]) -> ServedModel:
    """A small model that is scored row by row, and one that is scored as one matrix."""
    fitted = fits[0] if request.param == fits[0].model.family else small_fit(request.param)
    return loaded("1", fitted)


@pytest.fixture(scope="module")
def encounters() -> list[Encounter]:
    """Ten different encounters; the last patient died."""
    found = list(as_encounters(raw_encounters(10)))
    return [*found[:9], {**found[9], "discharge_disposition_id": next(iter(schema.DIED))}]


async def concurrently(
    scorer: TurnScorer, encounters: list[Encounter]
) -> list[Prediction | BaseException | None]:
    """Request all predictions in one turn of the event loop."""
    requests = map(scorer.predict, encounters)
    return await asyncio.gather(*requests, return_exceptions=True)


def test_each_request_of_a_turn_gets_the_digits_it_would_get_alone(
    model: ServedModel, encounters: list[Encounter]
) -> None:
    """And none if the patient died."""
    predicted = asyncio.run(concurrently(TurnScorer(model), encounters))
    assert predicted == [model.predict(encounter) for encounter in encounters]
    assert predicted[-1] is None


def test_an_encounter_that_cannot_be_scored_fails_alone(
    model: ServedModel, encounters: list[Encounter]
) -> None:
    """It lacks a field, which validation would have noticed."""
    damaged = {name: value for name, value in encounters[1].items() if name != "age"}
    first, second, third = asyncio.run(
        concurrently(TurnScorer(model), [encounters[0], damaged, encounters[2]])
    )
    assert isinstance(second, KeyError)
    assert [first, third] == [model.predict(encounters[0]), model.predict(encounters[2])]


def test_a_cancelled_request_does_not_disturb_the_others(
    model: ServedModel, encounters: list[Encounter]
) -> None:
    """It is cancelled while it waits for its prediction."""

    async def cancel_one() -> Prediction | None:
        scorer = TurnScorer(model)
        gone, stays = (asyncio.create_task(scorer.predict(one)) for one in encounters[:2])
        asyncio.get_running_loop().call_soon(gone.cancel)
        await asyncio.wait([gone])
        assert gone.cancelled()
        return await stays

    assert asyncio.run(cancel_one()) == model.predict(encounters[1])
