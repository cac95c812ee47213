"""The domain: the contract of an encounter, cleaning, splitting, drift, privacy; no SQL, no I/O."""
