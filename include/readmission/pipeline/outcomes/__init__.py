"""What became known after predictions: how each model did, and how a challenger would have done."""
