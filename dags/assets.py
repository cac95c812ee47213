"""The four assets; each is partitioned by batch, so every batch has runs of its own."""

from airflow.sdk import Asset

RAW = Asset("RAW", uri="x-readmission://raw/encounter", group="data")
CLEAN = Asset("CLEAN", uri="x-readmission://clean/encounter", group="data")
MODEL_RUN = Asset("MODEL_RUN", uri="x-readmission://mlflow/challenger", group="model")
PRODUCTION_MODEL = Asset("PRODUCTION_MODEL", uri="x-readmission://mlflow/production", group="model")
