"""The Python peers of `npm run bench -- explain-agnostic`: one JSON question a line, one JSON answer a line, on one thread.

  {"ask": "make", "dir": D, "credit": CSV}   trains the models of peers.py
  {"ask": "open", "dir": D, "model": M, "features": N}
  {"ask": "turn", "peer": P, "row": I, "seed": S, "samples": N}
      {"ms": in all, "outside": ms outside the predict function, "asked": rows it was asked for, "values": [...]}
"""

import json
import os
import sys
import time

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[name] = "1"

import numpy as np  # noqa: E402
import peers  # noqa: E402


class Opened:
    """A model, and a clock around its predict function."""

    def __init__(self, question):
        self.model = peers.Model(question["dir"], question["model"], question["features"])
        self.inside = 0.0
        self.asked = 0
        self.kept = {}

    def margin(self, rows):
        start = time.perf_counter()
        answer = self.model.booster.inplace_predict(rows, predict_type="margin", validate_features=False)
        self.inside += time.perf_counter() - start
        self.asked += len(rows)
        return np.asarray(answer, dtype=np.float64)

    def once(self, key, build):
        if key not in self.kept:
            self.kept[key] = build()
        return self.kept[key]


def kernel(opened, question):
    import shap

    explainer = opened.once("kernel", lambda: shap.KernelExplainer(opened.margin, opened.model.background))
    np.random.seed(question["seed"])
    row = opened.model.rows[question["row"]]
    return lambda: explainer.shap_values(row, nsamples=question["samples"], l1_reg="num_features(1000)", silent=True)


def lime(opened, question):
    from lime.lime_tabular import LimeTabularExplainer

    explainer = opened.once(
        "lime",
        lambda: LimeTabularExplainer(opened.model.rows, mode="regression", feature_selection="none"),
    )
    explainer.random_state = np.random.RandomState(question["seed"])
    explainer.discretizer.random_state = explainer.random_state
    row = opened.model.rows[question["row"]]
    features = len(row)

    def run():
        found = explainer.explain_instance(row, opened.margin, num_features=features, num_samples=question["samples"])
        values = np.zeros(features)
        for feature, weight in found.local_exp[1]:
            values[feature] = weight
        return values

    return run


def regressor(opened):
    """The model as scikit-learn wants one."""
    from sklearn.base import BaseEstimator, RegressorMixin

    class Opened(RegressorMixin, BaseEstimator):
        def fit(self, rows, target):
            return self

        def __sklearn_is_fitted__(self):
            return True

        def predict(self, rows):
            return opened.margin(rows)

    return Opened()


def permutation(opened, question):
    from sklearn.inspection import permutation_importance

    rows = opened.model.rows
    target = opened.once("target", lambda: opened.margin(rows))

    def run():
        found = permutation_importance(
            regressor(opened),
            rows,
            target,
            scoring="r2",
            n_repeats=question["samples"],
            random_state=question["seed"],
        )
        return found.importances_mean

    return run


def dependence(opened, question):
    from sklearn.inspection import partial_dependence

    rows = opened.model.rows
    feature = int(np.argmax([len(np.unique(column)) for column in rows.T]))

    def run():
        found = partial_dependence(
            regressor(opened),
            rows,
            [feature],
            kind="both",
            method="brute",
            grid_resolution=question["samples"],
        )
        return found["average"][0]

    return run


def interactions(opened, question):
    """shap hands XGBoost's models to XGBoost: `internal` makes it use its own C++."""
    import shap

    def build():
        explainer = shap.TreeExplainer(opened.model.booster, feature_perturbation="tree_path_dependent")
        explainer.model.model_type = "internal"
        return explainer

    explainer = opened.once("interactions", build)
    rows = opened.model.rows[: question["samples"]]
    return lambda: explainer.shap_interaction_values(rows)


PEERS = {
    "kernel": kernel,
    "lime": lime,
    "permutation": permutation,
    "dependence": dependence,
    "interactions": interactions,
}


def turn(opened, question):
    run = PEERS[question["peer"]](opened, question)
    opened.inside, opened.asked = 0.0, 0
    start = time.perf_counter()
    values = run()
    taken = time.perf_counter() - start
    return {
        "ms": taken * 1e3,
        "outside": (taken - opened.inside) * 1e3,
        "asked": opened.asked,
        "values": np.asarray(values, dtype=np.float64).ravel().tolist(),
    }


def main():
    opened = None
    for line in sys.stdin:
        question = json.loads(line)
        try:
            if question["ask"] == "make":
                answer = {"made": peers.make(question["dir"], question["credit"])}
            elif question["ask"] == "open":
                opened = Opened(question)
                answer = {}
            else:
                answer = turn(opened, question)
        except Exception as error:  # noqa: BLE001: said to the asker, who leaves this peer out
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), flush=True)


main()
