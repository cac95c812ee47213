"""The prediction service: one raw encounter in, the model behind `production` answers."""
