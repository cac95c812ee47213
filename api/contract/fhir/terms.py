"""Codes of FHIR's terminologies, and the values of the contract that they mean."""

from collections.abc import Mapping

GENDERS: Mapping[str, str] = {"female": "Female", "male": "Male"}
"""AdministrativeGender; `other` and `unknown` are not recorded in the contract."""

RACE_EXTENSION = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-race"
RACES: Mapping[str, str] = {
    "2028-9": "Asian",
    "2054-5": "AfricanAmerican",
    "2106-3": "Caucasian",
    "1002-5": "Other",
    "2076-8": "Other",
    "2131-1": "Other",
}
"""CDC's race and ethnicity codes, as US Core uses them."""

ADMISSION_TYPES: Mapping[str, str] = {"EM": "1", "UR": "2", "EL": "3", "R": "3"}
"""HL7's ActPriority in Encounter.priority."""

ADMISSION_SOURCES: Mapping[str, str] = {
    "gp": "1",
    "mp": "1",
    "outp": "2",
    "hosp-trans": "4",
    "nursing": "5",
    "psych": "6",
    "rehab": "6",
    "emd": "7",
    "born": "23",
    "other": "20",
}
"""HL7's admit-source."""

DISCHARGES: Mapping[str, str] = {
    "home": "1",
    "other-hcf": "2",
    "snf": "3",
    "aadvice": "7",
    "exp": "11",
    "hosp": "14",
    "rehab": "22",
    "long": "23",
    "psy": "28",
    "alt-home": "1",
    "oth": "25",
    **{code: str(int(code)) for code in ("01", "02", "03", "04", "05", "06", "07", "09")},
    "20": "11",
    "30": "12",
    "40": "19",
    "41": "20",
    "42": "21",
    "43": "27",
    "50": "13",
    "51": "14",
    "61": "15",
    "62": "22",
    "63": "23",
    "64": "24",
    "65": "28",
    "66": "29",
    "70": "30",
}
"""HL7's discharge-disposition, and NUBC's patient discharge status in two digits, as in US Core."""

ICD = (
    "http://hl7.org/fhir/sid/icd-9-cm",
    "http://hl7.org/fhir/sid/icd-10-cm",
    "http://hl7.org/fhir/sid/icd-10",
    "http://hl7.org/fhir/sid/icd-10-es",
    "urn:oid:2.16.840.1.113883.6.103",
    "urn:oid:2.16.840.1.113883.6.90",
    "urn:oid:2.16.724.4.21.5.29",
)
"""Systems of ICD-9-CM, ICD-10, ICD-10-CM and CIE-10-ES; the last three by their OIDs."""

LOINC = "http://loinc.org"
A1C = frozenset({"4548-4", "17856-6", "4549-2", "59261-8"})
GLUCOSE = frozenset({"2345-7", "2339-0", "14749-6", "15074-8"})
UNITS: Mapping[str, tuple[float, float]] = {
    "%": (1, 0),
    "mg/dl": (1, 0),
    "g/l": (100, 0),
    "mmol/l": (18.016, 0),
    "mmol/mol": (0.09148, 2.152),
}
"""Factor and summand to mg/dl of glucose, and to per cent of HbA1c in the definition of the NGSP.

In lower case: UCUM writes mmol/L, laboratories mmol/l.
"""

OUTPATIENT = frozenset({"AMB", "VR", "HH", "OBSENC"})
EMERGENCY = frozenset({"EMER"})
