"""DiCE's genetic search beside ours: {"ask": "dice", "rows": N, "repeat": 1} -> {"ms": median of a counterfactual, "rows": N}.

The model, data and threshold of explain/test/fixtures/generate_counterfactuals.py; nothing is held fixed.
"""

import contextlib
import csv
import io
import json
import pathlib
import sys
import time

import dice_ml
import numpy as np
import pandas as pd
import xgboost as xgb

ROOT = pathlib.Path(__file__).resolve().parents[2]
FIXTURES = ROOT / "explain/test/fixtures"
sys.path.insert(0, str(FIXTURES))
from generate_counterfactuals import SOURCE, columns  # noqa: E402


class Shifted:
    """Probabilities moved so that the model's threshold is at 0.5, where DiCE's outcome turns."""

    def __init__(self, booster, names, threshold):
        self.booster, self.names, self.threshold = booster, names, threshold

    def predict_proba(self, frame):
        rows = frame[self.names].to_numpy(dtype=np.float32)
        p = np.clip(self.booster.inplace_predict(rows, validate_features=False), 1e-9, 1 - 1e-9)
        odds = p / (1 - p) * (1 - self.threshold) / self.threshold
        bad = odds / (1 + odds)
        return np.column_stack([1 - bad, bad])

    def predict(self, frame):
        return (self.predict_proba(frame)[:, 1] >= 0.5).astype(int)


def prepare():
    golden = json.loads((FIXTURES / "counterfactuals/credit.golden.json").read_text())
    with SOURCE.open(encoding="utf-8", newline="") as file:
        records = list(csv.DictReader(file))
    frame = pd.DataFrame(columns(records))
    frame["bad"] = [int(record["creditability"] == "bad") for record in records]
    names = golden["columns"]
    booster = xgb.Booster({"nthread": 1}, model_file=FIXTURES / "counterfactuals/credit.ubj")
    model = Shifted(booster, names, golden["goal"]["below"])
    data = dice_ml.Data(dataframe=frame[[*names, "bad"]], continuous_features=names, outcome_name="bad")
    search = dice_ml.Dice(data, dice_ml.Model(model=model, backend="sklearn"), method="genetic")
    return search, pd.DataFrame(golden["rows"], columns=names)


def main():
    search, rows = prepare()
    for line in sys.stdin:
        question = json.loads(line)
        times = []
        for i in range(question["rows"]):
            start = time.perf_counter()
            with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
                search.generate_counterfactuals(rows.iloc[[i]], total_CFs=1, desired_class="opposite")
            times.append(time.perf_counter() - start)
        print(json.dumps({"ms": float(np.median(times)) * 1e3, "rows": len(times)}), flush=True)


main()
