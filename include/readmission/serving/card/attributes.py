"""A model card in the fields of two standards, generated from the card.

The 31 source attributes are those of 45 CFR 170.315(b)(11)(iv)(B), the US rule HTI-1 on predictive
decision support. The other fields are those of the Applied Model Card of the Coalition for Health
AI (CHAI).
"""

from collections.abc import Mapping
from typing import Any

Card = Mapping[str, Any]

DEVELOPER = (
    "the team that runs this installation, named by the hospital; the software is readmission"
)
OUTPUT = (
    "The probability of no readmission, of one after more than 30 days and of one within 30 days,"
    " and the predicted class of the three"
)
PATIENTS = "Adult patients with diabetes at the end of a hospital stay"
USERS = "The clinical team that plans follow-up after discharge"
NO_EXTERNAL = "None: the model has not been validated on data of another source"
MONITORING = (
    "Continuously: live outcomes are joined with predictions and exported by version; each batch is"
    " compared with the training rows for drift; alerts name what is outside its limit"
)
UPDATES = "A model is trained when a batch arrives, or every few batches"


def hti_1(card: Card) -> list[dict[str, Any]]:
    """Return the 31 source attributes, numbered as in the rule.

    Returns
    -------
    list of dict
        ``number``, such as ``1.iii``; ``category``, ``attribute`` and ``value``.
    """
    values = _values(card)
    found = []
    for place, (category, names) in enumerate(_ATTRIBUTES, 1):
        for numeral, name in zip(("i", "ii", "iii", "iv", "v"), names, strict=False):
            number = f"{place}.{numeral}"
            found.append(
                {"number": number, "category": category, "attribute": name, "value": values[number]}
            )
    return found


def chai(card: Card) -> dict[str, Any]:
    """Return the card by the sections of CHAI's Applied Model Card."""
    data, report, limits = card["data"], card["report"], list(card["limits"])
    return {
        "name": card["title"],
        "developer": DEVELOPER,
        "version": {"trained_at": card["trained_at"], "newest_batch": data.get("batch_id")},
        "regulatory_approval": "None",
        "summary": card["intended_use"],
        "uses_and_directions": {
            "intended_use_and_workflow": card["intended_use"],
            "primary_intended_users": USERS,
            "how_to_use": "As one fact among others about whom to follow up; see the limits",
            "targeted_patient_population": PATIENTS,
            "cautioned_out_of_scope_settings": limits,
        },
        "warnings": {
            "known_risks_and_limitations": limits,
            "known_biases": _fairness(report),
            "clinical_risk_level": "Informs a decision about follow-up; takes none",
        },
        "trust_ingredients": {
            "outcomes_and_outputs": OUTPUT,
            "model_type": card["family"],
            "foundation_models": "None",
            "input_data": {"type": "tabular, known at discharge", "fields": report["features"]},
            "development_data": {
                **data,
                "demographics": report["demographics"],
                "drift": report.get("drift", []),
            },
            "bias_mitigation": _values(card)["5.ii"],
            "ongoing_maintenance": f"{MONITORING}. {UPDATES}",
            "transparency": {"funding": "None stated", "third_parties": "None"},
        },
        "key_metrics": {
            "usefulness": {"decision_curve": report["decision_curve"]},
            "fairness": report["subgroups"],
            "safety_and_reliability": {
                "metrics_with_intervals": report["intervals"],
                "calibration": report["calibration"],
            },
        },
        "resources": {"evaluation": "docs/model.md", "criteria": report["criteria"]},
    }


def _fairness(report: Mapping[str, Any]) -> dict[str, Any]:
    """Return the lowest and the highest AUROC among the groups of each attribute."""
    return {
        attribute: {
            "lowest_auroc_under_30": min(one["auroc_under_30"] for one in groups.values()),
            "highest_auroc_under_30": max(one["auroc_under_30"] for one in groups.values()),
            "groups": len(groups),
        }
        for attribute, groups in report["subgroups"].items()
        if groups
    }


def _values(card: Card) -> dict[str, Any]:
    data, report = card["data"], card["report"]
    return {
        "1.i": DEVELOPER,
        "1.ii": "None stated by the developer",
        "1.iii": OUTPUT,
        "1.iv": "Prediction and classification",
        "2.i": card["intended_use"],
        "2.ii": PATIENTS,
        "2.iii": USERS,
        "2.iv": "Informs clinical management",
        "3.i": card["limits"][0],
        "3.ii": list(card["limits"]),
        "4.i": "All delivered stays of patients with diabetes that pass the gates; every row that"
        " is left out is counted, with its reason, in the quarantine",
        "4.ii": report["features"],
        "4.iii": report["demographics"],
        "4.iv": f"Origin of the data: {data.get('data_source')}, {data.get('rows')} rows of"
        f" {data.get('batches')} batches; {card['limits'][0]}",
        "5.i": "A challenger is refused if it finds fewer of the patients at risk than the"
        " champion in a group of race, gender or age that is large enough",
        "5.ii": "Floors in each group, and metrics of each group in every verdict and card; no"
        " field is left out to hide a group",
        "6.i": NO_EXTERNAL,
        "6.ii": NO_EXTERNAL,
        "6.iii": NO_EXTERNAL,
        "6.iv": NO_EXTERNAL,
        "7.i": report["intervals"],
        "7.ii": report["subgroups"],
        "7.iii": NO_EXTERNAL,
        "7.iv": NO_EXTERNAL,
        "7.v": "None: the effect of its use on outcomes has not been evaluated",
        "8.i": MONITORING,
        "8.ii": "Live outcomes by version, exported as readmission_live_outcomes",
        "8.iii": "With each verdict, by race, gender and age",
        "8.iv": "The groups of each verdict, exported as readmission_subgroup_metric",
        "9.i": f"{UPDATES}; it replaces the champion if it fails no criterion",
        "9.ii": "At once by a rollback; otherwise with the next model that fails no criterion",
    }


_ATTRIBUTES: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        "Details and output of the intervention",
        ("developer and contact", "funding source", "value that is the output", "type of output"),
    ),
    (
        "Purpose of the intervention",
        ("intended use", "intended patient population", "intended users", "decision-making role"),
    ),
    (
        "Cautioned out-of-scope use",
        ("tasks, situations or populations to be cautious with", "known risks and limitations"),
    ),
    (
        "Development details and input features",
        (
            "exclusion and inclusion criteria of the training data", "input features",
            "demographic representativeness", "relevance of the training data to the setting",
        ),
    ),
    (
        "Process to ensure fairness in development",
        ("approach to a fair output", "approaches to manage bias"),
    ),
    (
        "External validation process",
        (
            "source of external data", "party that conducted the external testing",
            "demographic representativeness of external data", "process of external validation",
        ),
    ),
    (
        "Quantitative measures of performance",
        (
            "validity in test data of the same source", "fairness in test data of the same source",
            "validity in external data", "fairness in external data",
            "references to evaluations of its use on outcomes",
        ),
    ),
    (
        "Ongoing maintenance of implementation and use",
        (
            "process and frequency of monitoring validity", "validity in local data",
            "process and frequency of monitoring fairness", "fairness in local data",
        ),
    ),
    (
        "Update and continued validation or fairness assessment schedule",
        ("process and frequency of updates", "frequency of corrections"),
    ),
)  # fmt: skip
"""Categories and attributes in the order of the rule, 31 in all."""
