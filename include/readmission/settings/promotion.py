"""Settings of training and promotion, which `readmission.settings.Settings` inherits."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, PositiveFloat, PositiveInt, ValidationInfo, field_validator

from readmission.settings.renamed import RenamedSettings

Rows = Annotated[str, Field(pattern=r"^[1-9][0-9]{0,11} rows$")]
_SCHEDULER = r"^(tls://[^\s,/]+|tcp://(localhost|127\.0\.0\.1|\[::1\])):[0-9]{1,5}$"
_ADDRESSES = r"^( *https?://(\[[0-9A-Fa-f:.]+\]|[^\s,/:\[\]]+)(:[0-9]{1,5})?/? *(,|$))*$"


class PromotionSettings(RenamedSettings):
    """When a model is trained, and how it is decided whether it is promoted."""

    train_every: Annotated[int, Field(ge=1)] | Rows | Literal["drift"] = Field(
        1,
        description="Batches from one training to the next; or new rows of CLEAN, such as"
        " `10000 rows`; or `drift`, to train when a batch has a drift alarm. Each training uses all"
        " batches so far; a batch that is skipped says why in the log of its task and in CLEAN.",
    )
    train_gap: PositiveInt = Field(
        10,
        description="With READMISSION_TRAIN_EVERY=drift, batches after which a model is trained"
        " although none has drifted.",
    )
    training_bucket: str = Field(
        "training-sets",
        description="Bucket with a copy of each accepted batch, from which models are trained.",
    )
    train_with_history: bool = Field(
        False,
        description="Train on what was known of each patient's earlier stays, too. Such a model"
        " predicts with and without them; the API looks them up for callers who send patient_nbr.",
    )
    dask_address: Annotated[str, Field(pattern=_SCHEDULER)] | None = Field(
        None,
        description="Address of the Dask scheduler, as `tls://host:8786`; `tcp://` is accepted for"
        " this machine only, because whoever reaches a scheduler can run code on its workers.",
    )
    dask_tls_dir: Path | None = Field(
        None,
        description="Folder with ca.crt, tls.crt and tls.key, with which task, scheduler and"
        " workers prove who they are to each other.",
    )
    # After the settings that it needs.
    training_engine: Literal["local", "dask"] = Field(
        "local",
        description="Where models are fitted: in the training task, or on a Dask cluster, for more"
        " rows than one machine holds.",
    )
    training_sample_rows: PositiveInt = Field(
        500_000,
        description="Rows above which a training reads its rows in parts: XGBoost is fitted on all"
        " of them; encoder, metrics and the other families see a sample of the patients. Not with"
        " READMISSION_TRAIN_WITH_HISTORY, which reads all rows.",
    )
    history_refresh_seconds: PositiveFloat = Field(
        30, description="Seconds between two checks of the API for new stays of patients."
    )
    history_stale_seconds: PositiveFloat = Field(
        900,
        description="Seconds without contact to their database after which the API no longer uses"
        " its copy of the stays.",
    )
    promotion_rule: Literal["criteria", "weighted_f1"] = Field(
        "criteria",
        description="Rule by which a challenger is promoted: criteria with intervals, or a higher"
        " weighted F1 alone, which also promotes models that are better by chance only.",
    )
    promotion_approval: bool = Field(
        False,
        description="Ask a person in Airflow (Required Actions) before a version that won its"
        " comparison goes into production.",
    )
    promotion_approval_hours: PositiveFloat = Field(
        24, description="Hours after which a version that nobody approved is refused."
    )
    shadow_share: float = Field(
        0,
        ge=0,
        le=1,
        description="Share of the predictions that the API has the challenger predict as well,"
        " after the response. Both predictions are stored with the prediction log; 0 is off.",
    )
    promotion_shadow_outcomes: int = Field(
        0,
        ge=0,
        description="With the rule criteria, live outcomes from which a refused version that proved"
        " better than the champion in shadow counts: a challenger that is worse than it in log-loss"
        " on the test rows is refused. 0 is off; the reason names such a version in any case.",
    )
    api_replicas: str = Field(
        "",
        pattern=_ADDRESSES,
        description="Addresses of the API's replicas, separated by commas; a rollback queries"
        " which version each of them serves. A name with several addresses, such as that of a"
        " headless Service, stands for as many replicas. If empty, only READMISSION_API_URL is"
        " queried.",
    )
    log_loss_tolerance: float = Field(
        0.005,
        ge=0,
        description="With the rule weighted_f1, the absolute amount by which a challenger's"
        " log-loss may exceed the champion's.",
    )

    @field_validator("training_engine")
    @classmethod
    def _complete(cls, value: str, info: ValidationInfo) -> str:
        """Refuse an engine without what it needs."""
        if value == "local":
            return value
        address = info.data.get("dask_address")
        if address is None:
            raise ValueError("dask needs READMISSION_DASK_ADDRESS")
        if address.startswith("tls:") and info.data.get("dask_tls_dir") is None:
            raise ValueError("an address that begins with tls:// needs READMISSION_DASK_TLS_DIR")
        if info.data.get("train_with_history"):
            raise ValueError("dask cannot be used with READMISSION_TRAIN_WITH_HISTORY")
        return value
