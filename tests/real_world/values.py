"""How hospitals and clients write one value, and what it means on every way in.

A report from outside becomes one line. `REFUSED` means that the row is rejected by the column's
name; every other row is read as if it held the last value.
"""

from typing import Any, NamedTuple

MISSING = "?"
REFUSED = None


class Value(NamedTuple):
    """A column, a value as it is sent, and the value that the contract reads."""

    column: str
    sent: Any
    means: str | int | None


SPELLINGS_OF_MISSING = ("", " ", "?", "NA", "na", "N/A", "NaN", "nan", "null", "NULL", None)
MORE_SPELLINGS = ("#N/A", "#N/D", "<NA>", "\\N", "n/a", "#n/a")
"""What Excel in English and Spanish, pandas and SQL exports write."""

VALUES = (
    # An empty cell, or what pandas, R and SQL write for one, where a value may be missing.
    *(Value(name, sent, MISSING) for name in ("race", "weight") for sent in SPELLINGS_OF_MISSING),
    *(Value("payer_code", sent, MISSING) for sent in SPELLINGS_OF_MISSING),
    *(Value("diag_2", sent, MISSING) for sent in SPELLINGS_OF_MISSING),
    *(Value("race", sent, MISSING) for sent in MORE_SPELLINGS),
    *(Value("payer_code", sent, MISSING) for sent in MORE_SPELLINGS),
    *(Value("diag_2", sent, MISSING) for sent in MORE_SPELLINGS),
    *(Value("A1Cresult", sent, "None") for sent in MORE_SPELLINGS),
    Value("gender", "#N/A", REFUSED),
    Value("race", "N", REFUSED),
    Value("diag_3", float("nan"), MISSING),
    # pandas.read_csv turns the value None of the two laboratory tests into NaN, JSON into null.
    *(Value("max_glu_serum", sent, "None") for sent in (*SPELLINGS_OF_MISSING, "None")),
    *(Value("A1Cresult", sent, "None") for sent in (*SPELLINGS_OF_MISSING, "None")),
    # Nothing else may be missing.
    Value("gender", "", REFUSED),
    Value("gender", "NA", REFUSED),
    Value("age", None, REFUSED),
    Value("number_inpatient", "", REFUSED),
    Value("insulin", "null", REFUSED),
    Value("admission_type_id", "", REFUSED),
    # Codes as numbers, and with the decimal comma of a Spanish Excel.
    Value("diag_1", 428, "428"),
    Value("diag_1", 250.83, "250.83"),
    Value("diag_1", 250.0, "250"),
    Value("diag_1", 38.0, "38"),
    Value("diag_1", 8, "8"),
    Value("diag_1", "250,83", "250.83"),
    Value("diag_1", "V45,81", "V45.81"),
    Value("diag_1", 250.835, REFUSED),
    Value("diag_1", -250, REFUSED),
    Value("diag_1", 2500, REFUSED),
    Value("diag_1", "250,835", REFUSED),
    # Columns of the type CHAR are padded with blanks.
    Value("diag_1", "250.83 ", "250.83"),
    Value("diag_1", "428\n", "428"),
    Value("payer_code", "MC   ", "MC"),
    Value("gender", "Female   ", "Female"),
    Value("race", "?    ", MISSING),
    Value("payer_code", " NULL", MISSING),
    Value("A1Cresult", "?\r\n", "None"),
    Value("gender", "?   ", REFUSED),
    Value("A1Cresult", "\u00a0>8", ">8"),
    # ICD-10 and CIE-10-ES, with and without the point; ICD-9 wins where both have a code.
    Value("diag_1", "E11.9", "250"),
    Value("diag_1", "E119", "250"),
    Value("diag_1", "E11,9", "250"),
    Value("diag_1", "e11.9", "250"),
    Value("diag_2", "I50.9", "428"),
    Value("diag_3", "Z79.4", "V58"),
    Value("diag_3", "E888", "E888"),
    Value("diag_3", "V58", "V58"),
    Value("diag_3", "v57", "V57"),
    # Younger than CMS's tables: by the category.
    Value("diag_1", "E11.10", "250"),
    Value("diag_1", "U07.1", "79"),
    # No equivalent in ICD-9, and no code at all.
    Value("diag_2", "Z3A.20", REFUSED),
    Value("diag_2", "E19.9", REFUSED),
    Value("diag_2", "V5867", REFUSED),
    Value("diag_2", "I50.", REFUSED),
    # Ids as integers, or as the decimals of a column of pandas that has gaps.
    Value("admission_type_id", 1, "1"),
    Value("admission_type_id", 1.0, "1"),
    Value("discharge_disposition_id", "1.0", "1"),
    Value("admission_source_id", 1.5, REFUSED),
    # Codes that no list of UCI's has are each list's "not mapped".
    Value("admission_source_id", 16, "20"),
    Value("admission_source_id", "16", "20"),
    Value("admission_source_id", 99, "20"),
    Value("admission_type_id", 9, "8"),
    Value("discharge_disposition_id", "31", "25"),
    Value("admission_source_id", 100, REFUSED),
    Value("admission_source_id", 0, REFUSED),
    Value("admission_source_id", -1, REFUSED),
    Value("admission_source_id", "ER", REFUSED),
    # Two codes are not a third one: 11 is a patient who died.
    Value("discharge_disposition_id", "1 1", REFUSED),
    Value("discharge_disposition_id", "1\u00a0 1", REFUSED),
    Value("discharge_disposition_id", "4 0", REFUSED),
    Value("discharge_disposition_id", "1,000", REFUSED),
    # Age in years.
    Value("age", 75, "[70-80)"),
    Value("age", "75", "[70-80)"),
    Value("age", 75.0, "[70-80)"),
    Value("age", 0, "[0-10)"),
    Value("age", 70, "[70-80)"),
    Value("age", 79, "[70-80)"),
    Value("age", 104, "[90-100)"),
    Value("age", 121, REFUSED),
    Value("age", -1, REFUSED),
    Value("age", 75.5, REFUSED),
    Value("age", "75 years", "[70-80)"),
    Value("age", "075Y", "[70-80)"),
    Value("age", "75 años", "[70-80)"),
    Value("age", "70-79", "[70-80)"),
    Value("age", "70-80", "[70-80)"),
    Value("age", "[70, 80)", "[70-80)"),
    Value("age", "70 to 79 years", "[70-80)"),
    Value("age", "0–9", "[0-10)"),
    Value("age", "90+", "[90-100)"),
    Value("age", ">=90", "[90-100)"),
    Value("age", "7 5 y", REFUSED),
    Value("age", "1 00", REFUSED),
    Value("age", "65-74", REFUSED),
    Value("age", "(70, 80]", REFUSED),
    Value("age", "006M", REFUSED),
    Value("age", "70,79", REFUSED),
    # Other words and letters of the closed lists.
    Value("gender", "female", "Female"),
    Value("gender", "FEMALE", "Female"),
    Value("gender", "F", "Female"),
    Value("gender", "Mujer", "Female"),
    Value("gender", "Varón", "Male"),
    Value("gender", "varo\u0301n", "Male"),
    Value("gender", "H", "Male"),
    Value("gender", "weiblich", "Female"),
    Value("gender", "unknown", "Unknown/Invalid"),
    # A woman in a Spanish export, male in an English one; V is a man in Spain and a woman in the
    # Netherlands; 1 and 2 differ among lists.
    Value("gender", "M", REFUSED),
    Value("gender", "V", REFUSED),
    Value("gender", 1, REFUSED),
    Value("gender", "2", REFUSED),
    Value("gender", "F" + " " * 80 + "x", REFUSED),
    Value("race", "african american", "AfricanAmerican"),
    Value("race", "African-American", "AfricanAmerican"),
    Value("race", "Black or African American", "AfricanAmerican"),
    Value("race", "White", "Caucasian"),
    Value("race", "Native Hawaiian or Other Pacific Islander", "Other"),
    Value("race", "Unknown", MISSING),
    Value("insulin", "steady", "Steady"),
    Value("insulin", "NO", "No"),
    Value("insulin", "Increased", "Up"),
    Value("insulin", "Reducida", "Down"),
    Value("insulin", "Yes", REFUSED),
    Value("insulin", 1, REFUSED),
    Value("insulin", True, REFUSED),
    Value("change", "Yes", "Ch"),
    Value("change", True, "Ch"),
    Value("change", "FALSE", "No"),
    # scikit-learn's LabelEncoder makes Ch 0 and No 1.
    Value("change", 1, REFUSED),
    Value("diabetesMed", "Y", "Yes"),
    Value("diabetesMed", "Sí", "Yes"),
    Value("diabetesMed", False, "No"),
    Value("diabetesMed", "0", REFUSED),
    Value("admission_type_id", "Emergency", "1"),
    Value("admission_type_id", "elective", "3"),
    Value("admission_type_id", "Urgente", REFUSED),
    Value("discharge_disposition_id", "Discharged to home", "1"),
    Value("admission_source_id", " Emergency Room", "7"),
    Value("admission_source_id", "Physician Referral", "1"),
    Value("medical_specialty", "internal medicine", "InternalMedicine"),
    Value("payer_code", "mc", "MC"),
    # Results of tests as they were measured.
    Value("A1Cresult", "none", "None"),
    Value("A1Cresult", "Normal", "Norm"),
    Value("A1Cresult", "> 8", ">8"),
    Value("A1Cresult", ">8%", ">8"),
    Value("A1Cresult", 8.4, ">8"),
    Value("A1Cresult", "7,4", ">7"),
    Value("A1Cresult", 7, "Norm"),
    Value("A1Cresult", 53, REFUSED),
    Value("A1Cresult", "1e1", REFUSED),
    # The place of >8 in the scale.
    Value("A1Cresult", 3, REFUSED),
    Value("A1Cresult", 4, "Norm"),
    Value("max_glu_serum", 312, ">300"),
    Value("max_glu_serum", "250.5", ">200"),
    Value("max_glu_serum", 110, "Norm"),
    Value("max_glu_serum", 17.3, REFUSED),
    # No model uses the weight.
    Value("weight", 82.5, MISSING),
    Value("weight", "180 lb", MISSING),
    Value("weight", "heavy", REFUSED),
    # Counts as text.
    Value("num_medications", "7", 7),
    Value("num_medications", "007", 7),
    Value("num_medications", "7.0", 7),
    Value("num_medications", " 7", 7),
    Value("num_medications", 7.0, 7),
    Value("num_medications", "7,0", 7),
    Value("num_medications", "7.00", 7),
    Value("num_medications", "7.0000", 7),
    # Thousands, or three decimals: who knows.
    Value("num_medications", "1,000", REFUSED),
    Value("num_medications", "1.000", REFUSED),
    Value("num_medications", "1 000", REFUSED),
    Value("num_medications", "1'000", REFUSED),
    Value("num_medications", 7.5, REFUSED),
    Value("num_medications", "1e1", REFUSED),
    Value("num_medications", "+7", REFUSED),
    Value("num_medications", "151", REFUSED),
    Value("num_medications", "seven", REFUSED),
    Value("num_medications", "\uff17", REFUSED),
    Value("num_medications", "0x7", REFUSED),
    Value("num_medications", True, REFUSED),
)
