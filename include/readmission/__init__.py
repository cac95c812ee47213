"""Readmission of diabetic patients: the library of the pipeline, the API and the local stack."""

__version__ = "0.1.0"
