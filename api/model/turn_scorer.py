"""Score the encounters of concurrent requests in one go."""

import asyncio

from readmission.serving.encoding_tables import Encounter
from readmission.serving.model import Prediction, ServedModel

_Waiting = tuple[Encounter, asyncio.Future[Prediction | None]]


class TurnScorer:
    """Scores what arrives in one turn of the event loop in one go; nothing waits for more to come.

    A prediction follows a path through each of a thousand trees. The other work of the request
    drives them out of the processor's cache, so that a prediction took 157 µs instead of 35 on a
    busy machine. As one matrix, ten encounters take 40 µs each instead of 84. The digits of a
    prediction do not depend on what else arrives.

    Parameters
    ----------
    model : ServedModel
        Predicts.
    """

    def __init__(self, model: ServedModel) -> None:
        self._model = model
        self._waiting: list[_Waiting] = []

    async def predict(self, encounter: Encounter) -> Prediction | None:
        """Predict one validated encounter; None if it is not eligible."""
        loop = asyncio.get_running_loop()
        if not self._waiting:
            # Runs after all requests that have been received by now.
            loop.call_soon(self._run)
        scored: asyncio.Future[Prediction | None] = loop.create_future()
        self._waiting.append((encounter, scored))
        return await scored

    def _run(self) -> None:
        waiting = [each for each in self._waiting if not each[1].cancelled()]
        self._waiting = []
        try:
            predictions = self._model.predict_each([encounter for encounter, _ in waiting])
        except Exception:  # noqa: BLE001 - only the request that causes it fails
            self._run_singly(waiting)
            return
        for (_, scored), prediction in zip(waiting, predictions, strict=True):
            scored.set_result(prediction)

    def _run_singly(self, waiting: list[_Waiting]) -> None:
        for encounter, scored in waiting:
            try:
                scored.set_result(self._model.predict(encounter))
            except Exception as error:  # noqa: BLE001 - raised in the request that awaits it
                scored.set_exception(error)
