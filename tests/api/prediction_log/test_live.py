"""The figures on live outcomes: read once for many requests, also if that fails."""

import asyncio
import time
from unittest.mock import patch

import pytest
from pydantic import SecretStr

from api.errors import LiveFiguresUnavailable
from api.prediction_log import live
from api.prediction_log.live import LiveFigureReader
from readmission.stack.site.ports import free_ports


@pytest.fixture
def nowhere() -> SecretStr:
    return SecretStr(f"postgresql://somebody@127.0.0.1:{free_ports(1)[0]}/predictions")


def test_without_a_prediction_log_there_are_no_figures() -> None:
    found = asyncio.run(LiveFigureReader(None).read())

    assert (found["measured_at"], found["figures"]) == (None, [])


def test_many_requests_read_the_database_once_and_again_after_a_while(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    reader, readings = LiveFigureReader(None), []

    def read(_dsn: SecretStr | None) -> dict[str, object]:
        time.sleep(0.05)
        readings.append(len(readings))
        return {"figures": len(readings)}

    async def many() -> set[object]:
        return {found["figures"] for found in await asyncio.gather(*(reader.read() for _ in "abc"))}

    monkeypatch.setattr(live, "stored_figures", read)

    assert asyncio.run(many()) == {1}
    monkeypatch.setattr(live, "REREAD_SECONDS", 0)
    assert asyncio.run(reader.read()) == {"figures": 2}


def test_a_database_that_does_not_respond_is_tried_once_in_a_while(nowhere: SecretStr) -> None:
    reader = LiveFigureReader(nowhere)

    with patch.object(live, "stored_figures", wraps=live.stored_figures) as read:
        for _ in range(3):
            with pytest.raises(LiveFiguresUnavailable):
                asyncio.run(reader.read())

    assert read.call_count == 1
