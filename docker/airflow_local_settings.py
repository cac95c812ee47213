"""Imported by Airflow: tasks are forked from the scheduler and find their libraries imported."""

import os
import sys
from importlib import import_module

PRELOADED = (
    "great_expectations", "matplotlib.pyplot", "mlflow", "pandas", "sklearn.ensemble",
    "sklearn.linear_model", "xgboost",
)  # fmt: skip

if sys.argv[1:2] == ["scheduler"] and os.environ["AIRFLOW__CORE__EXECUTOR"] == "LocalExecutor":
    for name in PRELOADED:
        import_module(name)
