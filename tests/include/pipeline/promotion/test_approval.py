"""A person approves a version before it goes into production, if a setting says so."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from readmission.pipeline.promotion.approval import (
    APPROVE,
    REFUSE,
    approvals,
    body,
    carry_out_without_approval,
    request,
    settle,
)
from readmission.pipeline.promotion.champion import find_champion
from readmission.pipeline.promotion.order import PROMOTED, Approval, standing
from readmission.pipeline.promotion.rule import REFUSED
from readmission.pipeline.sweep import find_uncarried
from readmission.warehouse import Promotion
from readmission.warehouse.audit.log import AuditUnavailable
from tests.include.pipeline.promotion.test_judge import (  # noqa: F401
    FIRST,
    GRACE,
    SECOND,
    Arena,
    arena,
)
from tests.signing import TRUSTED

HOUR = timedelta(hours=1)


def answered(option: str, name: str | None = "dr.osei") -> dict[str, Any]:
    """Return what Airflow's operator returns; without a name, the time was over."""
    user = {"id": "7", "name": name} if name else None
    return {"chosen_options": [option], "responded_by_user": user}


@pytest.fixture
def waiting(arena: Arena) -> Promotion:  # noqa: F811
    """The verdict on a challenger that would replace the champion, and waits for approval."""
    arena.carry_out(arena.decided(FIRST, arena.register("random_forest")))
    promotion = arena.decided(SECOND, arena.register("xgboost", SECOND))
    assert request(promotion, arena.history, arena.registry)
    return promotion


def tags(arena: Arena, promotion: Promotion) -> dict[str, str]:  # noqa: F811
    return arena.version(promotion.challenger_version)[1]


def uncarried(arena: Arena) -> tuple[str, ...]:  # noqa: F811
    now = datetime.now(UTC) + 2 * GRACE
    return find_uncarried(arena.history, arena.registry, GRACE, now, HOUR)


def test_production_does_not_move_before_a_person_has_approved(
    arena: Arena,  # noqa: F811
    waiting: Promotion,
) -> None:
    # given
    champion = arena.aliases()[0]
    assert champion != waiting.challenger_version
    assert tags(arena, waiting)["verdict"] == "awaits approval"
    assert uncarried(arena) == ()
    # and meanwhile it is no champion that others have to beat
    found = find_champion(arena.history, arena.registry, TRUSTED)
    assert found is not None
    assert found.registered.version == champion
    assert [one.challenger_version for one in standing(arena.history, arena.registry)] == [champion]

    # when
    why = settle(waiting, answered(APPROVE), arena.history, arena.registry)

    # then
    assert why is None
    assert arena.aliases() == (waiting.challenger_version, champion)
    assert tags(arena, waiting)["verdict"] == PROMOTED
    assert tags(arena, waiting)["approval_by"] == "dr.osei"
    (listed,) = approvals(arena.registry)
    asked = datetime.fromisoformat(tags(arena, waiting)["approval_asked_at"])
    assert (listed.version, listed.state) == (waiting.challenger_version, Approval.APPROVED)
    assert (listed.by, listed.at) == ("dr.osei", asked)
    # and repeating the run asks nobody and changes nothing
    assert not request(waiting, arena.history, arena.registry)
    assert settle(waiting, None, arena.history, arena.registry) is None
    assert arena.aliases() == (waiting.challenger_version, champion)


@pytest.mark.parametrize(("name", "by"), [("dr.osei", "dr.osei"), (None, "nobody in time")])
def test_a_version_that_nobody_approves_is_refused(
    arena: Arena,  # noqa: F811
    waiting: Promotion,
    name: str | None,
    by: str,
) -> None:
    aliases = arena.aliases()

    why = settle(waiting, answered(REFUSE, name), arena.history, arena.registry)

    assert why == f"version {waiting.challenger_version} is refused"
    assert arena.aliases() == aliases
    assert tags(arena, waiting)["verdict"] == REFUSED
    assert tags(arena, waiting)["verdict_reason"] == f"not approved: {by}; because"
    # and neither the sweep nor a repeated run brings it back
    assert uncarried(arena) == ()
    assert not request(waiting, arena.history, arena.registry)
    assert settle(waiting, answered(APPROVE), arena.history, arena.registry) == why
    arena.carry_out(waiting)
    assert arena.aliases() == aliases


@pytest.mark.parametrize(
    ("option", "state"), [(APPROVE, Approval.APPROVED), (REFUSE, Approval.REFUSED)]
)
def test_a_decision_that_cannot_be_audited_changes_nothing(
    arena: Arena,  # noqa: F811
    waiting: Promotion,
    option: str,
    state: Approval,
) -> None:
    aliases = arena.aliases()
    announced: list[tuple[str, Approval]] = []

    def fail(by: str, decided: Approval) -> None:
        announced.append((by, decided))
        raise AuditUnavailable

    with pytest.raises(AuditUnavailable):
        settle(waiting, answered(option), arena.history, arena.registry, fail)

    assert announced == [("dr.osei", state)]
    assert arena.aliases() == aliases
    assert tags(arena, waiting)["approval"] == Approval.REQUESTED
    # and a refusal because nobody answered in time is nobody's
    settle(waiting, answered(REFUSE, None), arena.history, arena.registry, fail)
    assert len(announced) == 1


def test_a_newer_candidate_supersedes_one_that_waits(
    arena: Arena,  # noqa: F811
    waiting: Promotion,
) -> None:
    # given
    champion = arena.aliases()[0]
    newer = arena.decided(SECOND, arena.register("logistic_regression", SECOND))

    # when
    assert request(newer, arena.history, arena.registry)

    # then the older one can no longer be approved, and the newer one can
    late = settle(waiting, answered(APPROVE), arena.history, arena.registry)
    assert late == f"version {waiting.challenger_version} is superseded"
    assert tags(arena, waiting)["verdict_reason"].startswith("superseded by version")
    assert arena.aliases()[0] == champion
    assert settle(newer, answered(APPROVE), arena.history, arena.registry) is None
    assert arena.aliases() == (newer.challenger_version, champion)


def test_a_refused_challenger_needs_nobody(arena: Arena) -> None:  # noqa: F811
    refused = arena.decided(FIRST, arena.register("xgboost"), REFUSED)

    assert not request(refused, arena.history, arena.registry)
    assert tags(arena, refused)["verdict"] == REFUSED


def test_a_version_from_before_approval_was_switched_on_needs_none(arena: Arena) -> None:  # noqa: F811
    # given a champion whose run is repeated
    champion = arena.decided(FIRST, arena.register("random_forest"))
    arena.carry_out(champion)

    assert not request(champion, arena.history, arena.registry)

    assert settle(champion, None, arena.history, arena.registry) is None
    assert "approval" not in tags(arena, champion)
    assert [one.challenger_version for one in standing(arena.history, arena.registry)] == [
        champion.challenger_version
    ]


def test_a_person_is_asked_again_if_the_run_that_asked_was_lost(
    arena: Arena,  # noqa: F811
    waiting: Promotion,
) -> None:
    lost = datetime.now(UTC) + HOUR + 2 * GRACE

    found = find_uncarried(arena.history, arena.registry, GRACE, lost, HOUR)

    assert found == (SECOND,)
    assert request(waiting, arena.history, arena.registry)


def test_what_waits_is_carried_out_once_approval_is_switched_off(
    arena: Arena,  # noqa: F811
    waiting: Promotion,
) -> None:
    now = datetime.now(UTC) + 2 * GRACE
    assert find_uncarried(arena.history, arena.registry, GRACE, now) == (SECOND,)

    carry_out_without_approval(waiting, arena.history, arena.registry)

    assert arena.aliases()[0] == waiting.challenger_version
    assert tags(arena, waiting)["approval_by"].startswith("nobody, because READMISSION_PROMOTION")
    assert find_uncarried(arena.history, arena.registry, GRACE, now) == ()


def test_the_question_has_the_criteria() -> None:
    criterion = {
        "name": "log_loss", "group": None, "figure": -0.01, "interval": [-0.02, -0.005],
        "limit": "upper end below 0", "verdict": "passed",
    }  # fmt: skip
    figures = {"criteria": [criterion | {"group": "gender: Female"}, criterion]}

    asked = body(Promotion(SECOND, "3", "2", PROMOTED, "better", figures)).splitlines()

    assert asked[0] == f"**{SECOND}, version 3** against 2"
    assert asked[-2] == (
        "| passed | difference in log-loss -0.0100 (95 % interval -0.0200 to -0.0050),"
        " limit: upper end below 0 |"
    )
    assert "(gender: Female)" in asked[-1]


def test_while_the_first_model_waits_the_next_one_is_a_first_model_too(
    arena: Arena,  # noqa: F811
) -> None:
    first = arena.decided(FIRST, arena.register("logistic_regression"))
    assert request(first, arena.history, arena.registry)
    arena.register("xgboost", SECOND)

    assert arena.judge(SECOND).reason.startswith("first model, weighted F1")
