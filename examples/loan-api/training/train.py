"""Trains the loan model and writes everything that the loan API and its tests read.

    python3 -m venv /tmp/loan-venv && /tmp/loan-venv/bin/pip install -r requirements.txt
    /tmp/loan-venv/bin/python train.py            # or: train.py --out DIR

One thread and fixed seeds: the same machine type and package versions give the same bytes.
"""

import argparse
import csv
import hashlib
import json
import platform
import random
import sys
from pathlib import Path

import numpy as np
import xgboost as xgb

sys.dont_write_bytecode = True  # leaves nothing behind in the repository

from background import centroids
from codes import FEATURES, PROTECTED, features_of, request_of

HERE = Path(__file__).resolve().parent
SEED = 20261125
SPLIT = {"training": 550, "calibration": 200, "heldOut": 250}
VERSION = "1.0.0"
# At most this share of the calibration loans that the threshold approves went bad.
BAD_RATE_ALLOWED = 0.15
ROUNDS = 100
PARAMETERS = {
    "objective": "binary:logistic",
    "tree_method": "hist",
    "max_depth": 4,
    "eta": 0.07,
    "min_child_weight": 5,
    "subsample": 0.8,
    "colsample_bytree": 0.6,
    "lambda": 2,
    "seed": SEED,
    "nthread": 1,
    "monotone_constraints": "(" + ",".join(str(direction) for _, _, direction in FEATURES) + ")",
}
NAMES = [name for name, _, _ in FEATURES]
TYPES = [kind for _, kind, _ in FEATURES]


def matrix(rows, labels=None):
    return xgb.DMatrix(
        np.array(rows, dtype=np.float32),
        label=labels,
        feature_names=NAMES,
        feature_types=TYPES,
        enable_categorical=True,
    )


def area_under_curve(bad, risk):
    """Chance that a bad loan has a higher risk than a good one; ties count half."""
    good_risks = np.sort(risk[bad == 0])
    below = np.searchsorted(good_risks, risk[bad == 1], "left")
    to = np.searchsorted(good_risks, risk[bad == 1], "right")
    return float((below + to).sum() / 2 / len(good_risks) / (bad == 1).sum())


def threshold_of(bad, risk):
    """The largest threshold, in steps of 0.01, at which few enough of the approved loans went bad."""
    best = None
    for hundredths in range(5, 60):
        approved = risk < hundredths / 100
        if approved.any() and bad[approved].mean() <= BAD_RATE_ALLOWED:
            best = hundredths / 100
    if best is None:
        raise SystemExit("no threshold keeps the bad rate low enough")
    return best


def summary(bad, risk, threshold):
    approved = risk < threshold
    return {
        "rows": len(bad),
        "bad": int(bad.sum()),
        "auc": round(area_under_curve(bad, risk), 4),
        "approvalRate": round(float(approved.mean()), 4),
        "badRateOfApproved": round(float(bad[approved].mean()), 4),
        "badRateOfOthers": round(float(bad[~approved].mean()), 4),
        "meanRisk": round(float(risk.mean()), 4),
    }


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def write_lines(path, records):
    path.write_text("".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records))


def write_held_out(out, numbers, records, rows, margins, risk):
    """Requests, and apart from them what only fairness checks and tests may read."""
    pick = [(number, records[number - 1]) for number in numbers]
    write_lines(out / "data/held-out.ndjson", [request_of(number, record) for number, record in pick])
    write_lines(
        out / "data/held-out-protected.ndjson",
        [
            {"applicationId": f"gc-{number:04d}"} | {name: record[column] for name, column in PROTECTED.items()}
            for number, record in pick
        ],
    )
    write_lines(
        out / "data/held-out-outcomes.ndjson",
        [{"applicationId": f"gc-{number:04d}", "repaid": record["creditability"] == "good"} for number, record in pick],
    )
    write_lines(
        out / "model/held-out-scores.ndjson",
        [
            {
                "applicationId": f"gc-{number:04d}",
                "features": dict(zip(NAMES, row)),
                # float32 values, written so that they read back exactly
                "margin": float(margin),
                "probability": float(probability),
            }
            for number, row, margin, probability in zip(numbers, rows, margins, risk)
        ],
    )


def read_records():
    with (HERE.parent / "data/germancredit.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def split(records):
    """Numbers of the records of each part, ascending."""
    order = list(range(1, len(records) + 1))
    random.Random(SEED).shuffle(order)
    parts, start = {}, 0
    for name, count in SPLIT.items():
        parts[name] = sorted(order[start : start + count])
        start += count
    return parts


def write_training_rows(out, rows):
    """What the model card compares the held-out applications with."""
    path = out / "model/training-rows.csv"
    lines = [",".join(str(value) for value in row) for row in [NAMES, *rows]]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--out", type=Path, default=HERE.parent)
    out = arguments.parse_args().out
    for folder in ("data", "model"):
        (out / folder).mkdir(parents=True, exist_ok=True)

    source = HERE.parent / "data/germancredit.csv"
    records = read_records()
    rows = [features_of(record) for record in records]
    bad = np.array([record["creditability"] == "bad" for record in records], dtype=np.float32)

    parts = split(records)
    take = {name: [number - 1 for number in numbers] for name, numbers in parts.items()}
    rows_of = {name: [rows[i] for i in taken] for name, taken in take.items()}
    bad_of = {name: bad[taken] for name, taken in take.items()}

    model = xgb.train(PARAMETERS, matrix(rows_of["training"], bad_of["training"]), ROUNDS)
    risk_of = {name: model.predict(matrix(part)) for name, part in rows_of.items()}
    threshold = threshold_of(bad_of["calibration"], risk_of["calibration"])
    model_path = out / "model/credit.ubj"
    model.save_model(model_path)

    background = centroids(
        rows_of["training"] + rows_of["calibration"],
        lambda some: model.predict(matrix(some)),
        threshold,
        TYPES,
    )
    background_path = out / "model/background.json"
    lines = ",\n    ".join(json.dumps(row) for row in background["rows"])
    head = {"id": f"credit-background-{VERSION}", "version": VERSION, "model": sha256(model_path)}
    rest = {"features": NAMES, "band": background["band"], "membersPerRow": background["membersPerRow"]}
    background_path.write_text(
        json.dumps(head | rest, indent=2)[:-2] + f',\n  "rows": [\n    {lines}\n  ]\n}}\n', encoding="utf-8"
    )

    held_out = matrix(rows_of["heldOut"])
    margins = model.predict(held_out, output_margin=True)
    write_held_out(out, parts["heldOut"], records, rows_of["heldOut"], margins, risk_of["heldOut"])

    training_path = write_training_rows(out, rows_of["training"])

    metrics = {
        "model": {"name": "german-credit-risk", "version": VERSION, "format": "XGBoost UBJ", "sha256": sha256(model_path)},
        "predicts": "probability that the loan goes bad",
        "features": [{"name": n, "type": t, "monotone": d} for n, t, d in FEATURES],
        "parameters": PARAMETERS | {"rounds": ROUNDS},
        "seed": SEED,
        "threshold": {
            "approveBelow": threshold,
            "rule": f"largest step of 0.01 at which at most {BAD_RATE_ALLOWED:.0%} of the approved calibration loans went bad",
        },
        "parts": {name: summary(bad_of[name], risk_of[name], threshold) for name in SPLIT},
        "background": {
            "id": head["id"],
            "sha256": sha256(background_path),
            "rows": len(background["rows"]),
            "band": background["band"],
        },
        "data": {"file": "data/germancredit.csv", "sha256": sha256(source), "rows": len(records)},
        "heldOut": {
            name: sha256(out / name)
            for name in (
                "data/held-out.ndjson",
                "data/held-out-outcomes.ndjson",
                "data/held-out-protected.ndjson",
                "model/held-out-scores.ndjson",
            )
        },
        "trainingRows": {"model/training-rows.csv": sha256(training_path)},
        "versions": {
            "python": platform.python_version(),
            "xgboost": xgb.__version__,
            "numpy": np.__version__,
            "machine": platform.machine(),
        },
    }
    (out / "model/metrics.json").write_text(json.dumps(metrics, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    print(json.dumps(metrics["parts"], indent=2))
    print(f"threshold {threshold}, background rows {len(background['rows'])}")


if __name__ == "__main__":
    main()
