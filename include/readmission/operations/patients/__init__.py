"""Rights of a patient: export all rows of one patient, or erase them.

The procedure needs the addresses of RAW, CLEAN and the prediction log, the key of the log, MLflow,
and the audit trail if there is one.
The command `readmission patient` calls it on one machine; elsewhere,
``python -m readmission.operations.patients`` reads them from the settings.
"""
