"""Models of readmission: encoding, estimators, decision rule, evaluation and training."""
