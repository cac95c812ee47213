"""The prediction service: predicts readmission for raw encounters with the champion model."""
