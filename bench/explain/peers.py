"""The Python peers of `npm run bench -- explain`: one JSON question a line, one JSON answer a line, on one thread.

  {"ask": "make", "dir": D, "credit": CSV}     trains the models and writes them with their rows
  {"ask": "score", "path": MODEL, "features": N, "repeat": R}  {"us": microseconds of one row, median}
  {"ask": "turn", "peer": P, "model": M, "rows": N, "repeat": R}   {"us": microseconds a row, best of R}
"""

import json
import os
import sys
import time

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[name] = "1"

import numpy as np  # noqa: E402
import xgboost as xgb  # noqa: E402

BACKGROUND = 100
BATCH = 1_000
DEPTHS = (4, 6, 8)
TREES = (100, 500)


def synthetic():
    """20,000 rows of 30 features; the log-odds hold products and steps, so that trees grow full."""
    random = np.random.Generator(np.random.PCG64(20_261_130))
    x = random.standard_normal((20_000, 30))
    log_odds = x[:, 0] * x[:, 1] + np.sin(3 * x[:, 2]) + (x[:, 3] > 0.3) * x[:, 4] - np.abs(x[:, 5]) + 0.7
    log_odds = log_odds + 0.5 * (x[:, 6:] ** 2).sum(axis=1) / 12 - 1
    return x.astype(np.float32), (random.random(20_000) < 1 / (1 + np.exp(-log_odds))).astype(np.int32)


def credit(path):
    """German credit, each column of words by the rank of its words."""
    import csv

    with open(path, newline="", encoding="utf-8") as file:
        header, *body = list(csv.reader(file))
    columns = [[row[i] for row in body] for i in range(len(header))]
    numbers = [numbered(column) for column in columns]
    target = len(header) - 1
    x = np.column_stack([numbers[i] for i in range(len(header)) if i != target]).astype(np.float32)
    return x, (numbers[target] > numbers[target].min()).astype(np.int32)


def numbered(column):
    try:
        return np.array([float(cell) for cell in column])
    except ValueError:
        words = sorted(set(column))
        return np.array([float(words.index(cell)) for cell in column])


def make(directory, csv_path):
    made = []
    for name, (x, y) in {"synthetic": synthetic(), "credit": credit(csv_path)}.items():
        rows = np.resize(x, (BATCH, x.shape[1]))
        rows.astype(np.float64).tofile(f"{directory}/{name}.rows")
        x[-BACKGROUND:].astype(np.float64).tofile(f"{directory}/{name}.background")
        for depth in DEPTHS:
            for trees in TREES:
                model = f"{name}-d{depth}x{trees}"
                train(x, y, depth, trees).save_model(f"{directory}/{model}.json")
                made.append({"model": model, "set": name, "features": x.shape[1], "depth": depth, "trees": trees})
    return made


def train(x, y, depth, trees):
    parameters = {
        "objective": "binary:logistic",
        "max_depth": depth,
        "eta": 0.05,
        "min_child_weight": 0.5,
        "tree_method": "hist",
        "seed": 1,
        "nthread": 2,
    }
    return xgb.train(parameters, xgb.DMatrix(x, y), trees)


class Model:
    def __init__(self, directory, name, features):
        kind = name.split("-")[0]
        self.booster = xgb.Booster({"nthread": 1})
        self.booster.load_model(readable(f"{directory}/{name}.json"))
        self.booster.set_param({"nthread": 1})
        self.rows = np.fromfile(f"{directory}/{kind}.rows").reshape(-1, features)
        self.background = np.fromfile(f"{directory}/{kind}.background").reshape(-1, features)
        self.kept = {}

    def once(self, key, build):
        if key not in self.kept:
            self.kept[key] = build()
        return self.kept[key]


def readable(path):
    """The old release next to the old fasttreeshap reads no list as base_score."""
    if tuple(int(part) for part in xgb.__version__.split(".")[:2]) >= (3, 1):
        return path
    with open(path, encoding="utf-8") as file:
        document = json.load(file)
    parameters = document["learner"]["learner_model_param"]
    parameters["base_score"] = parameters["base_score"].strip("[]")
    old = path.replace(".json", ".old.json")
    with open(old, "w", encoding="utf-8") as file:
        json.dump(document, file)
    return old


def xgboost_contribs(model, rows):
    matrix = model.once(("matrix", len(rows)), lambda: xgb.DMatrix(rows, nthread=1))
    return lambda: model.booster.predict(matrix, pred_contribs=True)


def xgboost_contribs_with_matrix(model, rows):
    return lambda: model.booster.predict(xgb.DMatrix(rows, nthread=1), pred_contribs=True)


def shap_own(model, rows):
    """shap hands XGBoost's models to XGBoost: `internal` makes it use its own C++."""
    import shap

    def build():
        explainer = shap.TreeExplainer(model.booster, feature_perturbation="tree_path_dependent")
        explainer.model.model_type = "internal"
        return explainer

    explainer = model.once("shap", build)
    return lambda: explainer.shap_values(rows, check_additivity=False)


def shap_interventional(model, rows):
    import shap

    explainer = model.once(
        "shap interventional",
        lambda: shap.TreeExplainer(model.booster, model.background, feature_perturbation="interventional"),
    )
    return lambda: explainer.shap_values(rows, check_additivity=False)


def woodelf_interventional(model, rows):
    """Works its background in on every call: there is no other way in."""
    import pandas as pd
    from woodelf.explainer import WoodelfExplainer

    names = model.booster.feature_names or [f"f{i}" for i in range(rows.shape[1])]
    explainer = model.once(
        "woodelf", lambda: WoodelfExplainer(model.booster, pd.DataFrame(model.background, columns=names))
    )
    frame = pd.DataFrame(rows, columns=names)
    return lambda: explainer.shap_values(frame, verbose=False)


def fasttreeshap(model, rows):
    import fasttreeshap as library

    explainer = model.once("fast", lambda: library.TreeExplainer(model.booster, algorithm="v2", n_jobs=1))
    explainer.model.model_type = "internal"
    return lambda: explainer.shap_values(rows, check_additivity=False)


PEERS = {
    "xgboost": xgboost_contribs,
    "xgboost with its matrix": xgboost_contribs_with_matrix,
    "shap": shap_own,
    "shap interventional": shap_interventional,
    "woodelf interventional": woodelf_interventional,
    "fasttreeshap": fasttreeshap,
}


def turn(models, question):
    name = question["model"]
    if name not in models:
        models[name] = Model(question["dir"], name, question["features"])
    run = PEERS[question["peer"]](models[name], models[name].rows[: question["rows"]])
    best = float("inf")
    for _ in range(question["repeat"]):
        start = time.perf_counter()
        run()
        best = min(best, time.perf_counter() - start)
    return {"us": best * 1e6 / question["rows"]}


def score(question):
    """One row after another, median: what a service that asks XGBoost in place waits for."""
    booster = xgb.Booster({"nthread": 1}, model_file=question["path"])
    booster.set_param({"nthread": 1})
    row = np.zeros((1, question["features"]), dtype=np.float32)
    times = []
    for _ in range(question["repeat"]):
        start = time.perf_counter()
        booster.inplace_predict(row, validate_features=False)
        times.append(time.perf_counter() - start)
    return {"us": float(np.median(times)) * 1e6}


def main():
    models = {}
    for line in sys.stdin:
        question = json.loads(line)
        try:
            if question["ask"] == "make":
                answer = {"made": make(question["dir"], question["credit"])}
            elif question["ask"] == "score":
                answer = score(question)
            else:
                answer = turn(models, question)
        except Exception as error:  # noqa: BLE001: said to the asker, who leaves this peer out
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
