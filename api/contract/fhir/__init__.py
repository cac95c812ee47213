"""FHIR R4: a bundle of one stay as an encounter of the contract, and a prediction as a resource.

Resources are read leniently, by the few elements that the mapping names: systems in use send R4,
R4B and national profiles, and a strict model of one release would refuse the others.
"""
