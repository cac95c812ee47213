"""A recorded verdict comes out the same again, or says why it does not."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pandas as pd
import psycopg
import pyarrow as pa
import pytest
from typer.testing import CliRunner

from readmission.domain import schema
from readmission.domain.production import CriterionStatus
from readmission.errors import VerdictNotFound, VerdictNotRecomputable
from readmission.modelling.evaluation.criteria import Criterion
from readmission.pipeline.outcomes.shadow import ShadowComparison
from readmission.pipeline.process import process
from readmission.pipeline.promotion.recompute import Recomputed, recompute
from readmission.pipeline.promotion.rule import REFUSED, Rule
from readmission.pipeline.source import Dataset
from readmission.quality.gates import Gatekeeper
from readmission.registry import Registry
from readmission.settings.lock import LOCK
from readmission.stack.cli.app import app
from readmission.stack.cli.models import promotions
from readmission.stack.cli.terminal import exit_on_error
from readmission.warehouse import CleanWarehouse, Promotion, RawWarehouse
from readmission.warehouse.clean.erasures import CleanErasures
from readmission.warehouse.clean.judged_rows import JudgedRowLog, JudgedRows
from tests.conftest import Platform
from tests.emptying import remember, return_to
from tests.include.conftest import BATCH_ROWS, BATCHES
from tests.include.pipeline.promotion.test_judge import Arena, arena_of
from tests.include.pipeline.promotion.test_judge import arena as fresh_arena  # noqa: F401
from tests.include.training import Training
from tests.signing import TRUSTED

FIRST, SECOND = BATCHES
JUDGED = "judged"
"""The state of CLEAN with the verdict of `judged`."""


@pytest.fixture(scope="module")
def shared_registry(trained: Training) -> Iterator[Registry]:
    """The registry with the versions that `judged` names."""
    registry = trained.registry()
    yield registry
    registry.client.delete_registered_model(registry.name)


@pytest.fixture
def arena(
    filled: CleanWarehouse, shared_registry: Registry, trained: Training, tmp_path: Path
) -> Arena:
    """An arena for `judged`; a test that moves an alias takes a fresh one."""
    return arena_of(filled, shared_registry, trained, tmp_path)


@pytest.fixture(scope="module")
def verdicts() -> list[Promotion]:
    """The verdict of `judged`, once it has been recorded."""
    return []


@pytest.fixture
def judged(arena: Arena, verdicts: list[Promotion]) -> Promotion:
    """The verdict on a challenger that has a champion, which has one before it."""
    if verdicts and return_to(arena.warehouse.connection, JUDGED):
        return verdicts[-1]
    verdicts.append(judge_three(arena))
    arena.warehouse.connection.commit()
    remember(arena.warehouse.connection, JUDGED)
    return verdicts[-1]


def judge_three(arena: Arena) -> Promotion:
    earlier = arena.register("random_forest")
    arena.carry_out(arena.judge())
    champion = arena.register("logistic_regression", SECOND)
    arena.carry_out(arena.decided(SECOND, champion))
    challenger = arena.register("xgboost", SECOND)
    judged = arena.judge(SECOND, Rule())
    assert (judged.challenger_version, judged.champion_version) == (challenger, champion)
    assert judged.figures["best"]["earlier"] == [earlier]
    return judged


def again(arena: Arena, promotion: Promotion) -> Recomputed:
    assert promotion.promotion_id is not None
    return recompute(promotion.promotion_id, arena.warehouse, arena.registry, TRUSTED)


def test_a_verdict_comes_out_the_same_after_more_batches(
    arena: Arena,
    judged: Promotion,
    raw_db: psycopg.Connection,
    dataset: Dataset,
) -> None:
    # given five more batches
    raw, rows = RawWarehouse(raw_db), BATCH_ROWS // 5
    for number, offset in enumerate(range(2 * BATCH_ROWS, 3 * BATCH_ROWS, rows), 3):
        raw.load(dataset.encounters.slice(offset, rows), offset, "synthetic")
        raw.accept(f"batch-000{number}", pd.DataFrame({"source_row": [], "reasons": []}))
        process(raw, arena.warehouse, f"batch-000{number}", "a key")
        arena.warehouse.accept(f"batch-000{number}")
    test_rows = len(arena.warehouse.test_encounters("batch-0007"))
    assert test_rows > judged.figures["test_rows"] == len(arena.warehouse.test_encounters(SECOND))

    # when
    found = again(arena, judged)

    # then
    assert found.figures == {name: judged.figures[name] for name in found.figures}
    assert found.different == []
    assert found.explanation is None
    names = {name for name, *_ in found.lines}
    assert {"challenger.log_loss", "criteria.log_loss.interval.0", "rows_sha256"} <= names
    assert {"verdict", "bundles.challenger", "best.version"} <= names


def test_a_verdict_comes_out_the_same_after_an_accepted_correction(
    arena: Arena, judged: Promotion, raw_db: psycopg.Connection, tmp_path: Path
) -> None:
    # given a later batch that corrects the outcome and a field of a row that was judged
    raw, encounter = RawWarehouse(raw_db), arena.warehouse.test_encounters(FIRST)[0]
    stored = raw.read(FIRST)
    row = stored[stored[schema.ENCOUNTER] == str(encounter)][list(schema.NAMES)].iloc[0]
    outcome = "NO" if row[schema.TARGET] != "NO" else "<30"
    corrected = row.to_dict() | {schema.TARGET: outcome, "number_inpatient": "9"}
    batch = raw.load(pa.Table.from_pylist([corrected]), 0, "synthetic")
    before = arena.warehouse.read_encounters([encounter], SECOND)

    # when it is accepted
    Gatekeeper(tmp_path, lambda *_: None).raw(raw, batch.batch_id, 1.0, "accept")
    process(raw, arena.warehouse, batch.batch_id, "a key")
    arena.warehouse.accept(batch.batch_id)

    # then later verdicts use it, and this one still comes out on the row that it saw
    (inpatient,) = arena.warehouse.read_encounters([encounter], batch.batch_id)[
        "number_inpatient"
    ].to_pylist()
    assert inpatient == 9
    assert arena.warehouse.read_encounters([encounter], SECOND) == before
    found = again(arena, judged)
    assert found.rows.encounters == list(arena.warehouse.test_encounters(SECOND))
    assert (found.different, found.explanation) == ([], None)


def test_a_row_that_changed_since_is_noticed(
    arena: Arena,
    judged: Promotion,
) -> None:
    # given another outcome of one row
    arena.warehouse.connection.execute(
        "UPDATE encounter SET readmitted = (readmitted + 1) %% 3 WHERE encounter_id = %s",
        (arena.warehouse.test_encounters(FIRST)[0],),
    )

    found = again(arena, judged)

    assert {"rows_sha256", "challenger.log_loss", "champion.log_loss"} <= set(found.different)
    assert "processed again" in str(found.explanation)


def test_figures_that_an_earlier_release_did_not_compute_are_no_difference() -> None:
    # given a verdict of 0.2.0, which has no figures of the newest batch
    criterion = {"name": "log_loss", "group": None, "figure": -0.01}
    newest = {"name": "newest_batch_log_loss", "group": None, "figure": 0.9}
    verdict = Promotion(SECOND, "3", "2", "promoted", "better", {"criteria": [criterion]})
    figures = {"newest_batch": {"alarm": False}, "criteria": [criterion, newest]}

    found = Recomputed(verdict, JudgedRows([1], 1, "sha", 7), "sha", figures, "promoted")

    assert found.different == []
    other = figures | {"criteria": [criterion | {"figure": 0.1}, newest]}
    assert replace(found, figures=other).different == ["criteria.log_loss.figure"]


def test_a_refused_version_that_proved_better_in_shadow_is_named_and_may_decide(
    fresh_arena: Arena,  # noqa: F811
) -> None:
    arena = fresh_arena
    # given a champion, and a refused version that was better in shadow, also than another champion
    champion = arena.register("logistic_regression")
    arena.carry_out(arena.decided(FIRST, champion))
    refused = arena.register("random_forest", SECOND)
    arena.decided(SECOND, refused, REFUSED)
    status = CriterionStatus.PASSED
    loss = Criterion("log_loss", -0.02, (-0.03, -0.01), "upper end below 0", status)
    shown = ShadowComparison(champion, refused, 500, 400, [loss])
    other = replace(shown, champion="99")
    worse = replace(shown, criteria=[replace(loss, verdict=CriterionStatus.FAILED)])

    # when the outcomes are enough for the rule
    arena.register("xgboost", SECOND)
    rule = Rule(shadow_outcomes=500)
    assert not rule.uses_shadow(499)
    decided = arena.judge(SECOND, rule, in_shadow=[other, shown, worse])

    # then it is named, and a rival on the test rows, and the verdict comes out again
    words = f"; version {refused} proved better in shadow, on 500 live outcomes: difference in log"
    assert decided.reason.count(words) == 1
    assert decided.figures["proven_in_shadow"] == [shown.to_dict()]
    assert decided.figures["in_shadow"] == [refused]
    (rival,) = (one for one in decided.figures["criteria"] if one["name"] == "log_loss_shadow")
    assert rival["group"] == f"version {refused}"
    assert rival["verdict"] == ("passed" if rival["interval"][0] <= 0 else "failed")
    assert again(arena, decided).different == []


@pytest.mark.parametrize("reason", ["late: batch-0003 is newer", "held: version 1 is pinned"])
def test_a_refusal_that_follows_from_no_figure_is_no_difference(reason: str) -> None:
    verdict = Promotion(SECOND, "3", "2", "refused", reason, {})

    found = Recomputed(verdict, JudgedRows([1], 1, "sha", 7), "sha", {}, "promoted")

    assert found.different == []
    assert replace(found, promotion=replace(verdict, reason="no")).different == ["verdict"]


def test_other_packages_than_at_the_verdict_are_a_warning(
    arena: Arena,
    judged: Promotion,
) -> None:
    found = again(arena, judged)
    assert found.warning is None

    other = replace(found, lock_sha256="0" * 64)

    stored = judged.figures["basis"]["lock_sha256"][:12]
    assert f"has changed since the verdict, from {stored} to 000000000000" in str(other.warning)


def test_a_verdict_whose_rows_were_erased_says_so(
    arena: Arena,
    judged: Promotion,
) -> None:
    # given a patient of the test split who is erased
    encounter = arena.warehouse.test_encounters(FIRST)[0]
    (patient,) = arena.warehouse.read_encounters([encounter], FIRST)[schema.PATIENT].to_pylist()
    mine = CleanErasures(arena.warehouse).encounters(patient)
    subject = {"patient": patient, "patient_hashes": [], "encounters": list(map(int, mine))}
    CleanErasures(arena.warehouse).erase(subject, set(), {})

    # when
    found = again(arena, judged)

    # then
    assert found.rows.erased == len(mine)
    assert f"{len(mine)} of the {judged.figures['test_rows']}" in str(found.explanation)
    assert "were erased since" in str(found.explanation)
    assert "test_rows" in found.different


def test_a_verdict_without_rows_cannot_be_recomputed(arena: Arena) -> None:
    # given a verdict of an earlier version of the project
    decided = arena.decided(FIRST, arena.register("xgboost"))

    with pytest.raises(VerdictNotRecomputable, match="recorded it without rows"):
        again(arena, decided)
    with pytest.raises(VerdictNotFound, match="no verdict 999999"):
        recompute(999_999, arena.warehouse, arena.registry, TRUSTED)


def test_a_version_of_another_batch_is_not_taken_for_the_challenger(
    arena: Arena,
    judged: Promotion,
) -> None:
    # given a registry that was set up again, which counts from 1
    arena.registry.tag_version(judged.challenger_version, {"batch_id": FIRST})

    with pytest.raises(VerdictNotRecomputable, match=r"no version \d+ of its batch"):
        again(arena, judged)
    arena.registry.tag_version(judged.challenger_version, {"batch_id": SECOND})


def test_the_command_lists_verdicts_and_recomputes_one(
    arena: Arena,
    judged: Promotion,
    platform: Platform,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # given a running stack with the registry of this test
    settings = arena.trained.settings.model_copy(update={"model_name": arena.registry.name})

    site = replace(platform.site, settings=settings)

    @contextmanager
    def opened() -> Iterator[tuple[object, object, object]]:
        with exit_on_error():
            yield site, None, arena.warehouse

    monkeypatch.setattr(promotions, "open_stack_warehouses", opened)

    # then
    listed = CliRunner().invoke(app, ["promotions"])
    assert listed.exit_code == 0, listed.output
    assert "first model, weighted F1" in listed.output
    assert judged.reason.split(":")[0] in listed.output
    number = str(judged.promotion_id)
    found = CliRunner().invoke(app, ["promotions", "recompute", number])
    assert found.exit_code == 0, found.output
    assert "figures agree" in found.output
    assert f"{judged.figures['challenger']['log_loss']:.6f}" in found.output

    # and both say what the figures follow from
    basis = judged.figures["basis"]
    assert basis["lock_sha256"] == sha256(LOCK.read_bytes()).hexdigest()
    assert basis["training_data_sha256"] == "sha"
    shown = "".join(listed.output.split())
    assert f"seed{basis['seed']}" in shown
    assert f"lock{basis['lock_sha256'][:8]}" in shown
    assert "warning" not in found.output

    # and a figure that differs is an error
    arena.warehouse.connection.execute("UPDATE judged_rows SET content_sha256 = 'another'")
    differs = CliRunner().invoke(app, ["promotions", "recompute", number])
    assert differs.exit_code == 1
    assert "1 of" in differs.output
    unknown = CliRunner().invoke(app, ["promotions", "recompute", "999999"])
    assert unknown.exit_code == 1


def test_numbers_that_were_erased_meanwhile_are_not_stored(arena: Arena) -> None:
    # given a patient who is erased after the models were scored
    log = JudgedRowLog(arena.warehouse)
    encounters = arena.warehouse.test_encounters(FIRST)
    version = arena.register("xgboost")
    decided = arena.decided(FIRST, version)
    gone = 2 * max(encounters)

    # when
    log.record(decided, JudgedRows([*encounters, gone], len(encounters) + 1, "0" * 64, 1))

    # then
    assert decided.promotion_id is not None
    stored = log.rows_of(decided.promotion_id)
    assert stored is not None
    assert (stored.encounters, stored.erased) == (encounters, 1)
