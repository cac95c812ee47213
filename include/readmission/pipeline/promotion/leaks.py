"""Name the columns that make a challenger too good to be true."""

import logging

from readmission.domain import schema
from readmission.domain.splitting import Split
from readmission.modelling.evaluation.leaks import find_suspects
from readmission.modelling.evaluation.metrics import SOON
from readmission.pipeline.promotion.comparison import Scored
from readmission.quality.suites import leak_limits
from readmission.serving.clean_rows import score
from readmission.warehouse import CleanWarehouse

log = logging.getLogger(__name__)


def find_leaks(challenger: Scored, warehouse: CleanWarehouse, batch_id: str) -> str:
    """Return the suspect columns of a challenger, as the predictions gate shows them.

    Parameters
    ----------
    challenger : Scored
        With its metrics on the test rows.
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
    excess = {name: challenger.metrics[name] - limit for name, limit in limits.items()}
    excess = {name: over for name, over in excess.items() if over > 0}
    if not excess:
        return ""
    rows = warehouse.read_splits((Split.VALIDATION,), batch_id)
    scorer = challenger.model.bundle.scorer
    suspects = find_suspects(
        lambda given: score(scorer, given),
        rows,
        rows[schema.TARGET].to_numpy(),
        challenger.weights,
        schema.FEATURE_NAMES,
        excess,
        challenger.rows.seed,
    )
    named = ", ".join(map(str, suspects))
    log.warning("%s is too good to be true; suspect columns: %s", batch_id, named or "none")
    return named
