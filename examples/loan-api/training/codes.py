"""The coded questions of the data set, in the order of its code numbers.

Each row is (label in the file, answer in a request, meaning). The labels in the file are those of the Statlog
documentation. Groemping (2019) showed from the German sources that many of them were attached to the wrong code
number, so a row keeps the code's place and takes its corrected meaning; ../data/README.md says which and why.
"""

CODED = {
    "checking_status": (
        "status_of_existing_checking_account",
        [
            ("... < 0 DM", "none", "no checking account"),
            ("0 <= ... < 200 DM", "below-0", "a balance below 0 DM"),
            ("... >= 200 DM / salary assignments for at least 1 year", "0-to-200", "a balance of 0 to under 200 DM"),
            ("no checking account", "200-or-more", "200 DM or more, or a salary paid in for a year"),
        ],
    ),
    "savings": (
        "savings_account_and_bonds",
        [
            ("... < 100 DM", "none-or-unknown", "none, or not known"),
            ("100 <= ... < 500 DM", "under-100", "under 100 DM"),
            ("500 <= ... < 1000 DM", "100-to-500", "100 to under 500 DM"),
            ("... >= 1000 DM", "500-to-1000", "500 to under 1,000 DM"),
            ("unknown/ no savings account", "1000-or-more", "1,000 DM or more"),
        ],
    ),
    "credit_history": (
        "credit_history",
        [
            ("no credits taken/ all credits paid back duly", "late-in-the-past", "late payments in the past"),
            ("all credits at this bank paid back duly", "critical-or-elsewhere", "critical, or credits elsewhere"),
            ("existing credits paid back duly till now", "none-or-all-repaid", "no credits, or all repaid"),
            ("delay in paying off in the past", "running-paid-on-time", "running credits paid on time"),
            ("critical account/ other credits existing (not at this bank)", "all-here-repaid", "all credits here repaid"),
        ],
    ),
    "employment_length": (
        "present_employment_since",
        [
            ("unemployed", "not-employed", "not employed"),
            ("... < 1 year", "under-1-year", "under 1 year"),
            ("1 <= ... < 4 years", "1-to-4-years", "1 to under 4 years"),
            ("4 <= ... < 7 years", "4-to-7-years", "4 to under 7 years"),
            ("... >= 7 years", "7-years-or-more", "7 years or more"),
        ],
    ),
    # From the smallest share to the largest: the file counts the other way round.
    "instalment_share": (
        "installment_rate_in_percentage_of_disposable_income",
        [
            ("4", "under-20", "under 20 %"),
            ("3", "20-to-25", "20 to under 25 %"),
            ("2", "25-to-35", "25 to under 35 %"),
            ("1", "35-or-more", "35 % or more"),
        ],
    ),
    "residence_length": (
        "present_residence_since",
        [
            ("1", "under-1-year", "under 1 year"),
            ("2", "1-to-4-years", "1 to under 4 years"),
            ("3", "4-to-7-years", "4 to under 7 years"),
            ("4", "7-years-or-more", "7 years or more"),
        ],
    ),
    "credits_here": (
        "number_of_existing_credits_at_this_bank",
        [("1", "1", "1"), ("2", "2-to-3", "2 or 3"), ("3", "4-to-5", "4 or 5"), ("4", "6-or-more", "6 or more")],
    ),
    "other_instalment_plans": (
        "other_installment_plans",
        [("none", "none", "none"), ("stores", "stores", "at stores"), ("bank", "bank", "at a bank")],
    ),
    "other_debtors": (
        "other_debtors_or_guarantors",
        [
            ("none", "none", "nobody"),
            ("co-applicant", "co-applicant", "a co-applicant"),
            ("guarantor", "guarantor", "a guarantor"),
        ],
    ),
    "purpose": (
        "purpose",
        [
            ("car (new)", "other", "another purpose"),
            ("car (used)", "new-car", "a new car"),
            ("furniture/equipment", "used-car", "a used car"),
            ("radio/television", "furniture", "furniture or equipment"),
            ("domestic appliances", "radio-television", "radio or television"),
            ("repairs", "household-appliances", "household appliances"),
            ("education", "repairs", "repairs"),
            ("retraining", "holiday", "a holiday"),
            ("business", "retraining", "retraining"),
            ("others", "business", "a business"),
        ],
    ),
}

NUMERIC = {"duration_months": "duration_in_month", "credit_amount": "credit_amount"}

# Never read when the features are made; kept apart for fairness checks.
PROTECTED = {
    "ageYears": "age_in_years",
    "personalStatusAndSex": "personal_status_and_sex",
    "foreignWorker": "foreign_worker",
}

# (feature, XGBoost type, direction of the risk of a bad loan as the value grows: +1, -1, or 0 where none is imposed)
FEATURES = [
    ("checking_status", "int", -1),
    ("savings", "int", -1),
    ("credit_history", "int", -1),
    ("duration_months", "int", 1),
    ("credit_amount", "int", 1),
    ("instalment_share", "int", 1),
    ("employment_length", "int", -1),
    ("residence_length", "int", -1),
    ("credits_here", "int", -1),
    ("other_instalment_plans", "int", 1),
    ("other_debtors", "c", 0),
    ("purpose", "c", 0),
]


def features_of(row: dict) -> list:
    """The model's row for one record of the file, in the order of FEATURES."""
    values = {name: int(row[column]) for name, column in NUMERIC.items()}
    for name, (column, rows) in CODED.items():
        values[name] = [label for label, _, _ in rows].index(row[column])
    return [values[name] for name, _, _ in FEATURES]


def request_of(number: int, row: dict) -> dict:
    """The request that a client would send for record `number` (1-based) of the file."""

    def answer(name: str) -> str:
        column, rows = CODED[name]
        return next(given for label, given, _ in rows if label == row[column])

    return {
        "applicationId": f"gc-{number:04d}",
        "applicantId": f"applicant-{number:04d}",
        "ofLegalAge": int(row[PROTECTED["ageYears"]]) >= 18,
        "loan": {
            "amount": int(row["credit_amount"]),
            "currency": "DEM",
            "durationMonths": int(row["duration_in_month"]),
            "purpose": answer("purpose"),
            "instalmentShare": answer("instalment_share"),
            "security": answer("other_debtors"),
        },
        "accounts": {"checking": answer("checking_status"), "savings": answer("savings")},
        "credit": {
            "history": answer("credit_history"),
            "creditsHere": answer("credits_here"),
            "otherInstalmentPlans": answer("other_instalment_plans"),
        },
        "employmentLength": answer("employment_length"),
        "residenceLength": answer("residence_length"),
    }
