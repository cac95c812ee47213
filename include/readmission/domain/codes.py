"""Code lists of the UCI file: each value and what it means to a clinician.

Where a list is a scale (doses, test results, outcomes) its order is the scale.
Source: `IDs_mapping.csv` of UCI data set 296 and Strack et al. 2014, table 1.
"""

from collections.abc import Mapping
from types import MappingProxyType


def _codes(**meanings: str) -> Mapping[str, str]:
    return MappingProxyType(meanings)


def _numbered(meanings: Mapping[int, str]) -> Mapping[str, str]:
    return MappingProxyType({str(code): meaning for code, meaning in meanings.items()})


def _plain(*values: str) -> dict[str, str]:
    return {value: value for value in values}


RACES = _codes(
    AfricanAmerican="African American",
    Asian="Asian",
    Caucasian="Caucasian",
    Hispanic="Hispanic",
    Other="Other",
)
GENDERS = MappingProxyType({"Female": "Female", "Male": "Male", "Unknown/Invalid": "Not recorded"})
AGES = MappingProxyType(
    {f"[{low}-{low + 10})": f"{low} to {low + 9} years" for low in range(0, 100, 10)}
)
WEIGHTS = MappingProxyType(
    {f"[{low}-{low + 25})": f"{low} to {low + 24} lb" for low in range(0, 200, 25)}
    | {">200": "more than 200 lb"}
)

ADMISSION_TYPES = _numbered(
    {
        1: "Emergency",
        2: "Urgent",
        3: "Elective",
        4: "Newborn",
        5: "Not available",
        6: "Not recorded",
        7: "Trauma centre",
        8: "Not mapped",
    }
)
DISCHARGE_DISPOSITIONS = _numbered(
    {
        1: "Home",
        2: "Another short-term hospital",
        3: "Skilled nursing facility",
        4: "Intermediate care facility",
        5: "Another type of inpatient care",
        6: "Home with home health service",
        7: "Left against medical advice",
        8: "Home under care of a home IV provider",
        9: "Admitted as an inpatient to this hospital",
        10: "Neonatal aftercare in another hospital",
        11: "Died",
        12: "Still a patient, or expected back for outpatient services",
        13: "Hospice at home",
        14: "Hospice in a medical facility",
        15: "Medicare-approved swing bed of this institution",
        16: "Outpatient services of another institution",
        17: "Outpatient services of this institution",
        18: "Not recorded",
        19: "Died at home, hospice (Medicaid)",
        20: "Died in a medical facility, hospice (Medicaid)",
        21: "Died, place unknown, hospice (Medicaid)",
        22: "Rehabilitation facility",
        23: "Long-term care hospital",
        24: "Nursing facility certified under Medicaid only",
        25: "Not mapped",
        26: "Unknown",
        27: "Federal health care facility",
        28: "Psychiatric hospital or unit",
        29: "Critical access hospital",
        30: "Another type of health care institution",
    }
)
UB04_DEATHS = MappingProxyType({"40": "19", "41": "20", "42": "21"})
"""Codes of form UB-04 (hospice) that mean death, each with UCI's code for it."""
ADMISSION_SOURCES = _numbered(
    {
        1: "Physician referral",
        2: "Clinic referral",
        3: "Referral by a health maintenance organisation",
        4: "Transfer from a hospital",
        5: "Transfer from a skilled nursing facility",
        6: "Transfer from another health care facility",
        7: "Emergency room",
        8: "Court or law enforcement",
        9: "Not available",
        10: "Transfer from a critical access hospital",
        11: "Normal delivery",
        12: "Premature delivery",
        13: "Sick baby",
        14: "Birth outside a hospital",
        15: "Not available (15)",
        17: "Not recorded",
        18: "Transfer from another home health agency",
        19: "Readmission to the same home health agency",
        20: "Not mapped",
        21: "Unknown",
        22: "Transfer within this hospital, billed separately",
        23: "Born inside this hospital",
        24: "Born outside this hospital",
        25: "Transfer from an ambulatory surgery centre",
        26: "Transfer from a hospice",
    }
)

PAYERS = MappingProxyType(
    {"BC": "Blue Cross / Blue Shield", "MC": "Medicare", "SP": "Self-pay"}
    | _plain("CH", "CM", "CP", "DM", "FR", "HM", "MD", "MP", "OG", "OT", "PO", "SI", "UN", "WC")
)
"""The source explains only three of the codes; the others are shown as they are."""

SPECIALTIES = MappingProxyType(
    _plain(
        "AllergyandImmunology",
        "Anesthesiology",
        "Anesthesiology-Pediatric",
        "Cardiology",
        "Cardiology-Pediatric",
        "DCPTEAM",
        "Dentistry",
        "Dermatology",
        "Emergency/Trauma",
        "Endocrinology",
        "Endocrinology-Metabolism",
        "Family/GeneralPractice",
        "Gastroenterology",
        "Gynecology",
        "Hematology",
        "Hematology/Oncology",
        "Hospitalist",
        "InfectiousDiseases",
        "InternalMedicine",
        "Nephrology",
        "Neurology",
        "Neurophysiology",
        "Obsterics&Gynecology-GynecologicOnco",
        "Obstetrics",
        "ObstetricsandGynecology",
        "Oncology",
        "Ophthalmology",
        "Orthopedics",
        "Orthopedics-Reconstructive",
        "Osteopath",
        "Otolaryngology",
        "OutreachServices",
        "Pathology",
        "Pediatrics",
        "Pediatrics-AllergyandImmunology",
        "Pediatrics-CriticalCare",
        "Pediatrics-EmergencyMedicine",
        "Pediatrics-Endocrinology",
        "Pediatrics-Hematology-Oncology",
        "Pediatrics-InfectiousDiseases",
        "Pediatrics-Neurology",
        "Pediatrics-Pulmonology",
        "Perinatology",
        "PhysicalMedicineandRehabilitation",
        "PhysicianNotFound",
        "Podiatry",
        "Proctology",
        "Psychiatry",
        "Psychiatry-Addictive",
        "Psychiatry-Child/Adolescent",
        "Psychology",
        "Pulmonology",
        "Radiologist",
        "Radiology",
        "Resident",
        "Rheumatology",
        "Speech",
        "SportsMedicine",
        "Surgeon",
        "Surgery-Cardiovascular",
        "Surgery-Cardiovascular/Thoracic",
        "Surgery-Colon&Rectal",
        "Surgery-General",
        "Surgery-Maxillofacial",
        "Surgery-Neuro",
        "Surgery-Pediatric",
        "Surgery-Plastic",
        "Surgery-PlasticwithinHeadandNeck",
        "Surgery-Thoracic",
        "Surgery-Vascular",
        "SurgicalSpecialty",
        "Urology",
    )
)

GLUCOSE_RESULTS = MappingProxyType(
    {"None": "Not measured", "Norm": "Normal", ">200": "Over 200", ">300": "Over 300"}
)
A1C_RESULTS = MappingProxyType(
    {"None": "Not measured", "Norm": "Normal", ">7": "Over 7", ">8": "Over 8"}
)

MEDICINES = (
    "metformin",
    "repaglinide",
    "nateglinide",
    "chlorpropamide",
    "glimepiride",
    "acetohexamide",
    "glipizide",
    "glyburide",
    "tolbutamide",
    "pioglitazone",
    "rosiglitazone",
    "acarbose",
    "miglitol",
    "troglitazone",
    "tolazamide",
    "examide",
    "citoglipton",
    "insulin",
    "glyburide-metformin",
    "glipizide-metformin",
    "glimepiride-pioglitazone",
    "metformin-rosiglitazone",
    "metformin-pioglitazone",
)
DOSES = _codes(
    No="Not prescribed",
    Steady="Prescribed, dose unchanged",
    Down="Prescribed, dose lowered",
    Up="Prescribed, dose raised",
)
CHANGE = _codes(No="No change", Ch="Changed")
PRESCRIBED = _codes(No="None prescribed", Yes="Prescribed")
OUTCOMES = MappingProxyType(
    {
        "NO": "Not readmitted",
        ">30": "Readmitted after more than 30 days",
        "<30": "Readmitted within 30 days",
    }
)
