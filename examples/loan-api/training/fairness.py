"""Approval by protected group on the held-out applications: the only code here that reads protected attributes.

    python3 fairness.py        # needs nothing but Python
"""

import json
from pathlib import Path

HERE = Path(__file__).resolve().parent.parent


def lines(path):
    with (HERE / path).open(encoding="utf-8") as file:
        return {record["applicationId"]: record for record in map(json.loads, file)}


def age_band(years):
    return "under 26" if years < 26 else "26 to 39" if years < 40 else "40 or more"


def main():
    threshold = json.loads((HERE / "model/metrics.json").read_text())["threshold"]["approveBelow"]
    scores = lines("model/held-out-scores.ndjson")
    repaid = lines("data/held-out-outcomes.ndjson")
    groups = {}
    for key, person in lines("data/held-out-protected.ndjson").items():
        approved = scores[key]["probability"] < threshold
        labels = (
            ("age", age_band(int(person["ageYears"]))),
            ("personal status and sex", person["personalStatusAndSex"]),
            ("foreign worker", person["foreignWorker"]),
        )
        for label in labels:
            groups.setdefault(label, []).append((approved, repaid[key]["repaid"]))
    print("| attribute | group | people | approved | repaid | approved of those who repaid |")
    print("|---|---|--:|--:|--:|--:|")
    for (attribute, group), people in sorted(groups.items()):
        good = [approved for approved, was_repaid in people if was_repaid]
        shares = [
            sum(approved for approved, _ in people) / len(people),
            len(good) / len(people),
            sum(good) / len(good) if good else float("nan"),
        ]
        print(f"| {attribute} | {group} | {len(people)} | " + " | ".join(f"{100 * share:.0f} %" for share in shares) + " |")


if __name__ == "__main__":
    main()
