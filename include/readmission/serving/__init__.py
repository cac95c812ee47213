"""From one raw encounter to an answer in microseconds: the registered model, compiled.

A model is compiled when it is registered, by running the one transformation over every
value a field can have; what comes out is stored with the model, checked at every load
against answers kept from training, and needs neither pandas nor scikit-learn.
"""
