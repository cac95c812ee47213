"""Readmission of diabetic patients: the library of the pipeline, the API and the local stack."""

__version__ = "0.2.0"
