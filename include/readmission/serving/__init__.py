"""The compiled form of a registered model, which predicts one encounter in microseconds.

A model is compiled at training: every value of every field passes through cleaning and
encoding, and the results are stored as lookup tables. Every load checks the compiled form
against predictions stored at training. It needs neither pandas nor scikit-learn.
"""
