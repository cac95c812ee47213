"""Name the columns that make a challenger too good to be true."""

import logging
from dataclasses import replace

from readmission.domain import schema
from readmission.domain.columns import earlier_stays
from readmission.domain.splitting import Split
from readmission.modelling.evaluation.leaks import find_suspects
from readmission.modelling.evaluation.metrics import SOON
from readmission.pipeline.promotion.comparison import Metrics, Scored
from readmission.quality.suites import leak_limits
from readmission.serving.clean_rows import score
from readmission.warehouse import CleanWarehouse
from readmission.warehouse.clean.patient_history import with_history

log = logging.getLogger(__name__)


def highest_metrics(challenger: Scored, warehouse: CleanWarehouse) -> Metrics:
    """Return a challenger's metrics on the test rows, with earlier stays where these are higher.

    The criteria use blank rows, and so cannot show a leak in a field of earlier stays.
    """
    if not _takes_history(challenger):
        return challenger.metrics
    rows = challenger.rows
    known = with_history(warehouse.connection, rows.frame, (Split.TEST,))
    others = Scored(challenger.model, replace(rows, frame=known)).metrics
    return {name: max(value, others[name]) for name, value in challenger.metrics.items()}


def find_leaks(
    challenger: Scored, metrics: Metrics, warehouse: CleanWarehouse, batch_id: str
) -> str:
    """Return the suspect columns of a challenger, as the predictions gate shows them.

    Parameters
    ----------
    challenger : Scored
        The challenger and the test rows.
    metrics : dict
        Its metrics on them, from `highest_metrics`.
    warehouse : CleanWarehouse
        Its validation rows are permuted; the test rows are only read for the verdict.
    batch_id : str
        The challenger's batch.

    Returns
    -------
    str
        Empty if no metric exceeds its limit.
    """
    outcomes = challenger.rows.outcomes
    limits = leak_limits(len(outcomes), int((outcomes == SOON).sum()))
    excess = {name: metrics[name] - limit for name, limit in limits.items()}
    excess = {name: over for name, over in excess.items() if over > 0}
    if not excess:
        return ""
    rows, columns = warehouse.read_splits((Split.VALIDATION,), batch_id), schema.FEATURE_NAMES
    if _takes_history(challenger):
        rows = with_history(warehouse.connection, rows, (Split.VALIDATION,))
        columns += earlier_stays.NAMES
    scorer = challenger.model.bundle.scorer
    suspects = find_suspects(
        lambda given: score(scorer, given),
        rows,
        rows[schema.TARGET].to_numpy(),
        challenger.weights,
        columns,
        excess,
        challenger.rows.seed,
    )
    named = ", ".join(map(str, suspects))
    log.warning("%s is too good to be true; suspect columns: %s", batch_id, named or "none")
    return named


def _takes_history(challenger: Scored) -> bool:
    return challenger.model.bundle.scorer.tables.takes_history
