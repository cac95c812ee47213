"""Challenger against champion: judged once, carried out once, and served."""

import json
import re
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import mlflow
import numpy as np
import pandas as pd
import pytest
from psycopg import Connection

from readmission.domain import schema
from readmission.domain.production import CriterionStatus, Pin
from readmission.domain.splitting import Split
from readmission.errors import BatchNotFound, BundleRefused, GateFailed, ServingMismatch
from readmission.modelling.evaluation import criteria
from readmission.modelling.evaluation.criteria import Criterion
from readmission.pipeline.outcomes.shadow import ShadowComparison
from readmission.pipeline.promotion import champion as champions
from readmission.pipeline.promotion import leaks
from readmission.pipeline.promotion.champion import EARLIER, earlier_champions
from readmission.pipeline.promotion.comparison import Scored
from readmission.pipeline.promotion.judge import judge
from readmission.pipeline.promotion.order import PROMOTED
from readmission.pipeline.promotion.rollout import carry_out, wait_until_served
from readmission.pipeline.promotion.rule import REFUSED, Rule, decide
from readmission.pipeline.sweep import find_uncarried
from readmission.pipeline.training import reading
from readmission.pipeline.training.train import train
from readmission.quality import suites
from readmission.quality.gates import Gatekeeper
from readmission.registry import PREVIOUS, PRODUCTION, Registry
from readmission.registry.rollbacks import roll_back
from readmission.serving.signature import Signer, TrustedKeys
from readmission.settings import Settings
from readmission.warehouse import Candidate, CleanWarehouse, ModelHistory, Promotion
from readmission.warehouse.clean.judged_rows import JudgedRowLog
from readmission.warehouse.clean.patient_history import with_history
from readmission.warehouse.verdicts import VerdictLog
from tests.include.calibrated import frequencies, hints
from tests.include.conftest import BATCHES
from tests.include.training import Training
from tests.signing import SIGNER, TRUSTED

PLAIN = Rule("weighted_f1", log_loss_tolerance=10)
"""Decides on batches too small to prove that a model is better."""
FIRST, SECOND = BATCHES
GRACE = timedelta(minutes=10)


@dataclass(frozen=True)
class Arena:
    """Everything that a promotion reads and writes."""

    warehouse: CleanWarehouse
    history: ModelHistory
    registry: Registry
    gatekeeper: Gatekeeper
    trained: Training

    def register(self, family: str, batch_id: str = FIRST) -> str:
        """Register a family's run and make it the candidate of a batch."""
        run_id = self.trained.run_of(family)
        tags = self.trained.lineage.tags() | {"batch_id": batch_id}
        version = self.registry.register(run_id, tags)
        self.history.record_candidate(Candidate(batch_id, run_id, family, version, "sha"))
        return version

    def judge(
        self,
        batch_id: str = FIRST,
        rule: Rule = PLAIN,
        trusted: TrustedKeys = TRUSTED,
        in_shadow: Sequence[ShadowComparison] = (),
    ) -> Promotion:
        """Judge the candidate of a batch."""
        return judge(
            batch_id,
            self.warehouse,
            self.history,
            self.registry,
            trusted,
            self.gatekeeper,
            rule,
            in_shadow,
        )

    def carry_out(self, promotion: Promotion) -> None:
        """Carry out a verdict."""
        carry_out(promotion, self.history, self.registry)

    def decided(self, batch_id: str, version: str, verdict: str = PROMOTED) -> Promotion:
        """Record a verdict and nothing else, like a run that is killed right after it."""
        figures = {"challenger": {"weighted_f1": 0.5}, "champion": None, "test_rows": 1}
        promotion = Promotion(batch_id, version, None, verdict, "because", figures)
        return self.history.record_promotion(promotion)

    def aliases(self) -> tuple[str | None, str | None]:
        """Return the production version and the previous one."""
        return self.registry.version_of(PRODUCTION), self.registry.version_of(PREVIOUS)

    def version(self, version: str) -> tuple[str, dict[str, str]]:
        """Return the stage and the tags of a version."""
        found = self.registry.client.get_model_version(self.registry.name, version)
        return found.current_stage, dict(found.tags)


def arena_of(
    warehouse: CleanWarehouse, registry: Registry, trained: Training, reports: Path
) -> Arena:
    """Return an arena with some registry, whose gates write their reports into a folder."""
    gatekeeper = Gatekeeper(reports, lambda _site, _gate: None)
    return Arena(warehouse, ModelHistory(warehouse.connection), registry, gatekeeper, trained)


@pytest.fixture
def arena(filled: CleanWarehouse, trained: Training, tmp_path: Path) -> Iterator[Arena]:
    registry = trained.registry()
    yield arena_of(filled, registry, trained, tmp_path)
    registry.client.delete_registered_model(registry.name)


@pytest.mark.parametrize(
    ("challenger", "champion", "verdict", "because"),
    [
        ((0.50, 0.90), None, PROMOTED, "first model, weighted F1 0.5000"),
        ((0.51, 0.90), (0.50, 0.90), PROMOTED, "better: weighted F1 0.5100 against 0.5000"),
        ((0.51, 0.905), (0.50, 0.90), PROMOTED, "better"),
        ((0.51, 0.906), (0.50, 0.90), REFUSED, "probabilities got worse: .* 0.9060 against 0.9000"),
        ((0.50, 0.80), (0.50, 0.90), REFUSED, "not better"),
        ((0.49, 0.80), (0.50, 0.90), REFUSED, "not better"),
    ],
)
def test_better_decisions_win_unless_they_cost_worse_probabilities(
    challenger: tuple[float, float],
    champion: tuple[float, float] | None,
    verdict: str,
    because: str,
) -> None:
    def named(values: tuple[float, float] | None) -> dict[str, float] | None:
        return dict(zip(("weighted_f1", "log_loss"), values, strict=True)) if values else None

    figures = {"challenger": named(challenger), "champion": named(champion)}
    found, reason = decide(figures, Rule("weighted_f1", 0.0050001))

    assert found == verdict
    assert re.match(because, reason)


def test_the_first_model_is_promoted_and_repeating_it_changes_nothing(
    arena: Arena, figures: dict[str, dict[str, float]]
) -> None:
    # given
    family = next(iter(figures))
    version = arena.register(family, SECOND)

    # when
    verdict = arena.judge(SECOND)
    arena.carry_out(verdict)

    # then
    assert (verdict.verdict, verdict.champion_version) == (PROMOTED, None)
    assert arena.aliases() == (version, None)
    stage, tags = arena.version(version)
    assert stage == "Production"
    assert (tags["verdict"], tags["compared_with"]) == ("promoted", "none")
    assert float(tags["test_weighted_f1"]) == pytest.approx(
        figures[family]["weighted_f1"], abs=1e-4
    )

    # and again
    repeated = arena.judge(SECOND)
    arena.carry_out(repeated)
    assert repeated == verdict
    assert arena.history.promotions() == [verdict]
    assert arena.aliases() == (version, None)


def test_a_better_challenger_replaces_the_champion(
    arena: Arena, figures: dict[str, dict[str, float]]
) -> None:
    # given the worst in production
    worst, *_, best = figures
    champion = arena.register(worst)
    arena.registry.promote(champion)
    challenger = arena.register(best, SECOND)

    # when
    verdict = arena.judge(SECOND)
    arena.carry_out(verdict)

    # then both were scored on all test rows of the batches so far
    assert verdict.verdict == PROMOTED
    assert verdict.figures["test_rows"] == len(arena.trained.test_rows)
    assert {"Female", "Male"} <= verdict.figures["subgroups"]["gender"].keys()
    assert verdict.figures["challenger"] == pytest.approx(figures[best], abs=1e-5)
    assert verdict.figures["champion"] == pytest.approx(figures[worst], abs=1e-5)
    assert arena.aliases() == (challenger, champion)
    assert arena.version(champion)[0] == "Archived"
    stage, tags = arena.version(challenger)
    assert stage == "Production"
    assert (tags["compared_with"], tags["verdict_reason"]) == (champion, verdict.reason)
    assert float(tags["champion_test_weighted_f1"]) == pytest.approx(
        figures[worst]["weighted_f1"], abs=1e-4
    )


def test_a_worse_challenger_does_not_change_production(
    arena: Arena, figures: dict[str, dict[str, float]]
) -> None:
    # given the best in production
    worst, *_, best = figures
    champion = arena.register(best)
    arena.registry.promote(champion)
    challenger = arena.register(worst, SECOND)

    # when
    verdict = arena.judge(SECOND)
    arena.carry_out(verdict)

    # then
    assert verdict.verdict == REFUSED
    assert verdict.reason.startswith("not better: weighted F1")
    assert arena.aliases() == (champion, None)
    stage, tags = arena.version(challenger)
    assert (stage, tags["verdict"]) == ("None", "refused")
    assert [p.verdict for p in arena.history.promotions()] == [REFUSED]


def test_a_model_that_is_as_good_is_not_promoted_and_the_reason_says_why(
    arena: Arena, caplog: pytest.LogCaptureFixture
) -> None:
    # given a champion, and a challenger with the same probabilities
    champion = arena.register("xgboost")
    arena.registry.promote(champion)
    run_id, client = arena.trained.run_of("xgboost"), arena.registry.client
    (output,) = client.get_run(run_id).outputs.model_outputs
    registered = client.create_model_version(
        arena.registry.name,
        source=f"models:/{output.model_id}",
        tags={"batch_id": SECOND},
        model_id=output.model_id,
    )
    challenger = str(registered.version)
    candidate = Candidate(SECOND, run_id, "xgboost", challenger, "sha")
    arena.history.record_candidate(candidate)

    # when
    with caplog.at_level("INFO"):
        verdict = arena.judge(SECOND, Rule())
    arena.carry_out(verdict)

    # then
    assert verdict.verdict == REFUSED
    decided = (
        "difference in log-loss +0.0000 (95 % interval +0.0000 to +0.0000),"
        " limit: upper end below 0"
    )
    assert verdict.reason.startswith(f"not better: {decided}; weighted F1 0.")
    assert f"failed: {decided}" in caplog.text
    # and every criterion is stored, and those of all patients are tags
    found = {(one["name"], one["group"]): one for one in verdict.figures["criteria"]}
    assert found["log_loss", None]["verdict"] == "failed"
    assert found["weighted_f1", None]["figure"] == 0
    assert found["calibration_error_under_30", None]["verdict"] == "reported"
    assert any(group for _, group in found)
    assert verdict.figures["rule"]["name"] == "criteria"
    tags = arena.version(challenger)[1]
    assert tags["criterion_log_loss"] == f"failed: {decided}"
    assert tags["promotion_rule"] == "criteria"
    assert tags["criterion_groups"].startswith("reported: of the comparisons in groups")


def test_the_first_model_needs_no_champion_and_its_calibration_is_reported(arena: Arena) -> None:
    arena.register("xgboost")

    verdict = arena.judge(rule=Rule())

    assert (verdict.verdict, verdict.figures["best"]) == (PROMOTED, None)
    assert [(one["name"], one["verdict"]) for one in verdict.figures["criteria"]] == [
        ("calibration_error_under_30", "reported"),
        ("calibration_slope_under_30", "reported"),
    ]


def test_earlier_champions_are_scored_but_not_all_of_them(arena: Arena) -> None:
    # given more promoted versions than are compared, of which one is not signed any longer
    families = [result.family for result in arena.trained.results]
    figures = {"challenger": {"log_loss": 0.0}, "champion": None, "test_rows": 1}
    arena.history.record_promotion(
        Promotion(FIRST, "99", None, PROMOTED, "of a registry that is gone", figures)
    )
    versions = [arena.register(family) for family in families]
    for place, version in enumerate(versions):
        figures["challenger"]["log_loss"] = 0.9 - place / 100
        arena.carry_out(
            arena.history.record_promotion(
                Promotion(FIRST, version, None, PROMOTED, "because", figures)
            )
        )
    *earlier, champion = versions

    # when
    found = earlier_champions(arena.history, arena.registry, TRUSTED, champion)

    # then those with the lowest log-loss come first
    expected = earlier[::-1][:EARLIER]
    assert [one.registered.version for one in found] == expected


def test_the_earlier_champion_with_the_best_weighted_f1_is_always_compared(
    arena: Arena, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given earlier champions, of which the one with the best weighted F1 has the worst log-loss
    versions = [arena.register(result.family) for result in arena.trained.results]
    monkeypatch.setattr(champions, "EARLIER", len(versions) - 2)
    for place, version in enumerate(versions):
        metrics = {"log_loss": 0.9 - place / 100, "weighted_f1": 0.6 if place == 0 else 0.5}
        figures = {"challenger": metrics, "champion": None, "test_rows": 1}
        promotion = Promotion(FIRST, version, None, PROMOTED, "because", figures)
        arena.carry_out(arena.history.record_promotion(promotion))
    best, *earlier, champion = versions

    # when
    found = earlier_champions(arena.history, arena.registry, TRUSTED, champion)

    # then it comes first, and then those with the lowest log-loss
    expected = [best, *earlier[::-1][: champions.EARLIER - 1]]
    assert [one.registered.version for one in found] == expected


@pytest.mark.parametrize(
    ("failed", "verdict", "because"),
    [
        ([], PROMOTED, r"better: difference in log-loss -0.0200 \(95 % .*; weighted F1 0.5"),
        (["log_loss"], REFUSED, "not better: difference in log-loss"),
        (["weighted_f1"], REFUSED, "criterion failed: difference in weighted F1 -0.0200"),
        (["recall_top_20", "auroc_under_30"], REFUSED, r"criterion failed: .*; 1 more failed; "),
    ],
)
def test_the_criteria_decide(failed: list[str], verdict: str, because: str) -> None:
    names = ("log_loss", "weighted_f1", "recall_top_20", "auroc_under_30")
    metrics = {"weighted_f1": 0.5, "log_loss": 0.9}
    criteria = [
        Criterion(
            name,
            -0.02,
            (-0.03, -0.01),
            "any",
            CriterionStatus.FAILED if name in failed else CriterionStatus.PASSED,
        ).to_dict()
        for name in names
    ]
    figures = {"challenger": metrics, "champion": metrics, "criteria": criteria}

    found, reason = decide(figures, Rule())

    assert found == verdict
    assert re.match(because, reason)


def test_rows_of_later_batches_do_not_count(arena: Arena) -> None:
    # given a candidate of the first batch, after the second has arrived
    arena.register("xgboost")
    rows = arena.trained.test_rows
    mine = sorted(rows[rows["batch_id"] == FIRST][schema.ENCOUNTER])
    assert 0 < len(mine) < len(rows)

    # when
    verdict = arena.judge()

    # then
    assert verdict.figures["test_rows"] == len(mine)
    assert verdict.promotion_id is not None
    stored = JudgedRowLog(arena.warehouse).rows_of(verdict.promotion_id)
    assert stored is not None
    assert (stored.encounters, stored.erased) == (mine, 0)


def test_a_challenger_that_knows_the_outcomes_is_stopped_by_the_gate(arena: Arena) -> None:
    # given outcomes that equal the predictions of the challenger
    arena.register("xgboost", SECOND)
    model = arena.trained.model("xgboost")
    rows = arena.trained.test_rows
    predicted = np.argmax(model.score(rows) * model.weights, axis=1)
    with arena.warehouse.connection.cursor() as cursor:
        cursor.executemany(
            "UPDATE encounter SET readmitted = %s WHERE encounter_id = %s",
            list(zip(predicted.tolist(), rows[schema.ENCOUNTER].tolist(), strict=True)),
        )

    # when
    with pytest.raises(GateFailed, match=r"weighted_f1: .* points to a leak"):
        arena.judge(SECOND)

    # then no verdict is recorded
    assert arena.history.promotions() == []
    assert arena.aliases() == (None, None)


def test_a_challenger_better_overall_but_below_a_floor_in_one_group_is_refused(
    arena: Arena, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given limits for these few rows
    monkeypatch.setattr(criteria, "MINIMUM_POSITIVES", 20)
    monkeypatch.setattr(criteria, "CALIBRATION_ERROR", 0.1)
    for limit in ("LEAK_WEIGHTED_F1", "LEAK_AUROC"):
        monkeypatch.setattr(suites, limit, 1)
    # and a challenger that knows more about the men than the champion, and nothing about the women
    rows = arena.warehouse.read_encounters(arena.warehouse.test_encounters(SECOND), SECOND)
    frame = rows.to_pandas()
    outcomes, is_woman = frame[schema.TARGET].to_numpy(), frame["gender"] == "Female"
    champion = arena.register("random_forest")
    arena.registry.promote(champion)
    challenger = arena.register("xgboost", SECOND)
    known = {
        champion: frequencies(outcomes, hints(outcomes, 0.4)),
        challenger: frequencies(outcomes, np.where(is_woman, 3, hints(outcomes, 0.95))),
    }
    monkeypatch.setattr(Scored, "probabilities", property(lambda self: known[self.version]))

    # when
    verdict = arena.judge(SECOND, Rule())

    # then
    failed = [one for one in verdict.figures["criteria"] if one["verdict"] == "failed"]
    assert {one["group"] for one in failed} == {"gender: Female"}
    assert verdict.verdict == REFUSED
    assert re.match(
        r"criterion failed: difference in AUROC\(<30\) \(gender: Female\) -0\.\d+", verdict.reason
    )
    (loss,) = (one for one in verdict.figures["criteria"] if one["name"] == "log_loss")
    assert (loss["verdict"], loss["figure"] < 0) == ("passed", True)


def train_leaking(arena: Arena, rows: pd.DataFrame) -> None:
    """Make a model of rows with a leak the candidate of the first batch."""
    data = replace(arena.trained.lineage, data_sha256=uuid4().hex, rows=len(rows))
    # Not in the experiment of the session's training, whose runs other tests count.
    elsewhere = arena.trained.settings.model_copy(update={"experiment": f"leak_{uuid4().hex}"})
    found = train("logistic_regression", rows, data, Registry(elsewhere), SIGNER, threads=1)
    version = arena.registry.register(found.run_id, data.tags())
    arena.history.record_candidate(Candidate(FIRST, found.run_id, found.family, version, "sha"))


def test_a_leak_in_a_field_of_earlier_stays_is_named_although_blank_rows_do_not_have_it(
    arena: Arena, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given a history that knows how the patient's own stay ended
    def leaking(connection: Connection, rows: pd.DataFrame, splits: Sequence[Split]) -> Any:
        known = with_history(connection, rows, splits)
        return known.assign(earlier_days=100 * known[schema.TARGET])

    monkeypatch.setattr(leaks, "with_history", leaking)
    rows = reading.whole(arena.warehouse, FIRST)
    train_leaking(arena, leaking(arena.warehouse.connection, rows, reading.TRAINED_ON))

    # when
    with pytest.raises(GateFailed, match=r"points to a leak, by earlier_days \(\w+ -0\.\d+ if"):
        arena.judge()

    # then
    assert arena.history.promotions() == []


def test_a_planted_leak_is_refused_and_its_column_is_named(arena: Arena) -> None:
    # given a column that knows the outcome, and a model that has learned from it
    with arena.warehouse.connection.transaction():
        arena.warehouse.connection.execute("UPDATE encounter SET num_procedures = 3 * readmitted")
    train_leaking(arena, reading.whole(arena.warehouse, FIRST))

    # when
    with pytest.raises(GateFailed, match=r"points to a leak, by num_procedures \(\w+ -0\.\d+ if"):
        arena.judge()

    # then the report says so too, and nothing is promoted
    (verdict,) = VerdictLog(arena.warehouse.connection).verdicts()
    assert all("num_procedures" in one for one in verdict.failures if "leak" in one)
    assert arena.history.promotions() == []


def test_a_promotion_killed_after_its_verdict_carries_out_that_verdict(arena: Arena) -> None:
    # given a verdict that was not carried out, and another model promoted since then
    challenger = arena.register("random_forest")
    decided = arena.decided(FIRST, challenger)
    other = arena.registry.register(arena.trained.run_of("xgboost"), {})
    arena.registry.promote(other)

    # when the promotion is repeated
    verdict = arena.judge()
    arena.carry_out(verdict)

    # then the verdict is the same, and no gate ran again
    assert verdict == decided
    assert VerdictLog(arena.warehouse.connection).verdicts() == []
    assert arena.history.promotions() == [decided]
    assert arena.aliases() == (challenger, other)


def test_repeating_a_promotion_does_not_undo_a_rollback(arena: Arena) -> None:
    # given two promotions, and a rollback to the first
    old = arena.register("random_forest")
    arena.carry_out(arena.decided(FIRST, old))
    new = arena.register("xgboost", SECOND)
    decided = arena.decided(SECOND, new)
    arena.carry_out(decided)
    roll_back(arena.registry, Pin(old, "a person", "too many alarms"))
    arena.registry.write_pin(None)

    # when
    arena.carry_out(decided)

    # then
    assert arena.aliases() == (old, new)


def test_while_a_version_is_pinned_a_better_challenger_is_held(
    arena: Arena, figures: dict[str, dict[str, float]]
) -> None:
    # given a champion that a rollback has pinned
    worst, *_, best = figures
    champion = arena.register(worst)
    arena.carry_out(arena.decided(FIRST, champion))
    arena.registry.write_pin(Pin(champion, "a person", "too many alarms"))

    # when
    version = arena.register(best, SECOND)
    verdict = arena.judge(SECOND, PLAIN)
    arena.carry_out(verdict)

    # then
    assert (verdict.verdict, verdict.challenger_version) == (REFUSED, version)
    assert verdict.reason.startswith(f"held: version {champion} is pinned by a person: too many")
    assert "without the pin: better" in verdict.reason
    # and removing the pin does not carry it out
    arena.registry.write_pin(None)
    arena.carry_out(verdict)
    assert arena.aliases()[0] == champion
    assert find_uncarried(arena.history, arena.registry, GRACE, datetime.now(UTC) + 2 * GRACE) == ()


@pytest.mark.parametrize("moment", ["before it is carried out", "while the alias moves"])
def test_a_rollback_during_a_promotion_wins(
    arena: Arena, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    # given a verdict to promote, and a rollback after it was recorded
    old = arena.register("random_forest")
    arena.carry_out(arena.decided(FIRST, old))
    decided = arena.decided(SECOND, arena.register("xgboost", SECOND))
    pin = Pin(old, "a person", "too many alarms")
    promote = arena.registry.promote

    def promote_and_be_pinned(version: str) -> None:
        promote(version)
        arena.registry.write_pin(pin)

    if moment == "while the alias moves":
        monkeypatch.setattr(arena.registry, "promote", promote_and_be_pinned)
    else:
        arena.registry.write_pin(pin)

    # when
    arena.carry_out(decided)

    # then
    assert arena.aliases()[0] == old
    # and later, without the pin, the old verdict is not carried out either
    arena.registry.write_pin(None)
    arena.carry_out(decided)
    assert arena.aliases()[0] == old


def test_the_sweep_finds_a_verdict_that_was_never_carried_out(arena: Arena) -> None:
    # given the verdicts on two batches, of which only the first was carried out
    arena.carry_out(arena.decided(FIRST, arena.register("random_forest")))
    decided = arena.decided(SECOND, arena.register("xgboost", SECOND))

    # then
    later = datetime.now(UTC) + 2 * GRACE
    assert find_uncarried(arena.history, arena.registry, GRACE) == ()
    assert find_uncarried(arena.history, arena.registry, GRACE, later) == (SECOND,)
    arena.carry_out(decided)
    assert find_uncarried(arena.history, arena.registry, GRACE, later) == ()


def test_repeating_an_old_promotion_does_not_undo_a_later_one(arena: Arena) -> None:
    # given the promotions of two batches, both carried out
    old = arena.register("random_forest")
    first = arena.decided(FIRST, old)
    arena.carry_out(first)
    new = arena.register("xgboost", SECOND)
    arena.carry_out(arena.decided(SECOND, new))

    # when
    verdict = arena.judge(FIRST)
    arena.carry_out(verdict)

    # then
    assert verdict == first
    assert arena.aliases() == (new, old)


def test_a_later_refusal_does_not_prevent_an_earlier_promotion(arena: Arena) -> None:
    # given a promotion that was killed before it was carried out, and a later refusal
    promoted = arena.register("random_forest")
    arena.decided(FIRST, promoted)
    arena.decided(SECOND, arena.register("xgboost", SECOND), REFUSED)

    # when
    arena.carry_out(arena.judge(FIRST))
    arena.carry_out(arena.judge(SECOND))

    # then
    assert arena.aliases() == (promoted, None)


def test_a_batch_without_a_candidate_cannot_be_judged(arena: Arena) -> None:
    arena.registry.register(arena.trained.run_of("xgboost"), {})

    with pytest.raises(BatchNotFound, match="batch-0002 is not in the candidate ledger"):
        arena.judge(SECOND)


@dataclass
class Service:
    """A fake API that reports the version it serves, and another one after a reload."""

    url: str
    serves: str | None
    after_reload: str | None
    reload_status: int = 200
    requests: list[str] = field(default_factory=list)
    host: str | None = None


@pytest.fixture
def service() -> Iterator[Service]:
    with serving() as fake:
        yield fake


@contextmanager
def serving() -> Iterator[Service]:
    """Run a fake API."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            fake.requests.append(f"GET {self.path}")
            fake.host = self.headers["Host"]
            self.respond(200, {"model_version": fake.serves})

        def do_POST(self) -> None:
            fake.requests.append(f"POST {self.path}")
            if fake.reload_status == 200:
                fake.serves = fake.after_reload
            self.respond(fake.reload_status, {"message": "reloaded"})

        def respond(self, status: int, content: dict[str, str | None]) -> None:
            body = json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_arguments: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    fake = Service(f"http://127.0.0.1:{server.server_port}", None, None)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield fake
    server.shutdown()
    thread.join()
    server.server_close()


def test_the_api_is_reloaded_and_serves_the_promoted_version(
    registry: Registry, service: Service
) -> None:
    service.serves, service.after_reload = None, "1"

    assert wait_until_served(registry, Settings(api_url=service.url)) == "1"
    assert service.requests == ["POST /reload_model", "GET /"]


@pytest.mark.parametrize(
    ("serves", "after_reload", "status"),
    [("7", "7", 200), (None, None, 503), ("7", "1", 500)],
    ids=["another version", "no model", "reload fails"],
)
def test_an_api_that_serves_another_version_is_a_mismatch(
    registry: Registry, service: Service, serves: str, after_reload: str, status: int
) -> None:
    service.serves, service.after_reload, service.reload_status = serves, after_reload, status

    with pytest.raises(ServingMismatch, match=rf"version 1 is in .* serves {serves}; .* {status}"):
        wait_until_served(registry, Settings(api_url=service.url), timeout=1)


def test_an_unavailable_api_is_an_error_that_is_retried(registry: Registry) -> None:
    with pytest.raises(httpx.HTTPError):
        wait_until_served(registry, Settings(api_url="http://127.0.0.1:9"))


def test_the_champion_is_the_last_promoted_version_if_production_was_deleted(
    arena: Arena, figures: dict[str, dict[str, float]]
) -> None:
    # given a promoted version, whose alias somebody deleted
    worst, *_, best = figures
    champion = arena.register(best)
    arena.carry_out(arena.judge())
    arena.registry.client.delete_registered_model_alias(arena.registry.name, PRODUCTION)

    # when a worse challenger of the next batch is judged
    arena.register(worst, SECOND)
    verdict = arena.judge(SECOND)

    # then it does not count as the first model
    assert (verdict.verdict, verdict.champion_version) == (REFUSED, champion)


def test_an_unsigned_version_in_production_does_not_make_its_challenger_win(
    arena: Arena, figures: dict[str, dict[str, float]], tmp_path: Path
) -> None:
    # given a promoted version, and an alias that somebody moved to a version without a bundle
    worst, *_, best = figures
    champion = arena.register(best)
    arena.carry_out(arena.judge())
    registry = arena.registry
    by_hand = registry.client.create_experiment(f"by_hand_{uuid4().hex}")
    with mlflow.start_run(experiment_id=by_hand) as run:
        mlflow.pyfunc.log_model(
            name="model",
            python_model=lambda model_input: model_input,
            pip_requirements=["mlflow"],
        )
    registry.set_alias(PRODUCTION, registry.register(run.info.run_id, {}))

    # when
    arena.register(worst, SECOND)
    verdict = arena.judge(SECOND)

    # then
    assert (verdict.verdict, verdict.champion_version) == (REFUSED, champion)


@pytest.mark.parametrize("follow", [True, False])
def test_the_champion_is_the_version_that_is_served_if_somebody_moved_the_alias(
    arena: Arena, figures: dict[str, dict[str, float]], follow: bool
) -> None:
    # given a promoted version, and an alias that somebody moved to another signed one
    worst, middle, *_, best = figures
    promoted = arena.register(best)
    arena.carry_out(arena.judge())
    by_hand = arena.registry.register(arena.trained.run_of(worst), {})
    arena.registry.set_alias(PRODUCTION, by_hand)
    arena.registry.follow = follow

    # when a challenger is judged that beats only the one that was moved to
    arena.register(middle, SECOND)
    verdict = arena.judge(SECOND)
    arena.carry_out(verdict)

    # then it competes with the one that the API serves
    champion = by_hand if follow else promoted
    assert (verdict.verdict, verdict.champion_version) == (
        PROMOTED if follow else REFUSED,
        champion,
    )
    if follow:
        assert arena.aliases() == (verdict.challenger_version, promoted)


def test_a_candidate_that_is_not_signed_with_a_trusted_key_is_an_error(arena: Arena) -> None:
    arena.register("xgboost")
    another = TrustedKeys.parse([Signer(Signer.generate_key()).public_key])

    with pytest.raises(BundleRefused, match="a key that is not in READMISSION_TRUSTED"):
        arena.judge(trusted=another)

    assert arena.history.promotions() == []


def test_a_challenger_is_promoted_if_no_promoted_version_can_be_opened(arena: Arena) -> None:
    # given a promotion by an earlier version of the project, whose model is gone
    arena.decided(FIRST, "7")

    # when
    arena.register("xgboost", SECOND)
    verdict = arena.judge(SECOND)

    # then the reason says that nothing was compared
    assert verdict.verdict == PROMOTED
    assert verdict.reason.startswith("no promoted version can be opened any longer, weighted F1")
