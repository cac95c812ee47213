"""Rights of a patient: export all rows of one patient, or erase them.

The procedure needs the addresses of the three databases, the key of the prediction log and MLflow.
The command `readmission patient` calls it on one machine; elsewhere,
``python -m readmission.operations.patients`` reads them from the settings.
"""
