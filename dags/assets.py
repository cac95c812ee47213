"""The assets. All but the delivery are partitioned by batch, so every batch has runs of its own."""

from airflow.sdk import Asset, AssetWatcher

RAW = Asset("RAW", uri="x-readmission://raw/encounter", group="data")
CLEAN = Asset("CLEAN", uri="x-readmission://clean/encounter", group="data")
MODEL_RUN = Asset("MODEL_RUN", uri="x-readmission://mlflow/challenger", group="model")
PRODUCTION_MODEL = Asset("PRODUCTION_MODEL", uri="x-readmission://mlflow/production", group="model")


def delivery(place: str, seconds: float) -> Asset:
    """Return the asset of delivered files, which Airflow's triggerer checks every few seconds."""
    # Imported lazily: only the ingestion needs it.
    from delivery_watch import DeliveryTrigger

    watcher = AssetWatcher("delivery", trigger=DeliveryTrigger(place, seconds))
    uri = "x-readmission://source/delivery"
    return Asset("DELIVERY", uri=uri, group="data", watchers=[watcher])
