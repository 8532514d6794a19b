"""Writes a scikit-learn model as the JSON that @showcause/explain reads (spec/model.md).

    python export_sklearn.py model.pkl model.json          # a file of joblib or pickle that you made yourself
    python export_sklearn.py model.pkl model.json --names income,debt,home

or, where the model is trained:

    from export_sklearn import export
    export(model, "model.json", names=["income", "debt"])

Trees: DecisionTree, ExtraTree, RandomForest, ExtraTrees, GradientBoosting and HistGradientBoosting, as classifiers and
regressors. Linear: LinearRegression, Ridge, Lasso, ElasticNet, LogisticRegression, SGD with log_loss, alone or behind a
StandardScaler in a Pipeline. Anything else is refused. Needs scikit-learn 1.3 or newer and numpy.
"""

import argparse
import json
import math

import numpy as np
import sklearn

FORMAT = "showcause-model/1"


class Refused(ValueError):
    """The model cannot be written without changing what it says."""


def export(model, path=None, names=None):
    """The document as a dict, also written to `path` where one is given."""
    document = _linear(model, names) if _is_linear(model) else _trees(model, names)
    document = {
        "format": FORMAT,
        "source": {"library": "scikit-learn", "version": sklearn.__version__, "class": type(model).__name__},
        **document,
    }
    if path is not None:
        with open(path, "w", encoding="utf-8") as file:
            json.dump(document, file, separators=(",", ":"), allow_nan=False)
            file.write("\n")
    return document


def _features(model, names, count, categories=None):
    names = names if names is not None else getattr(model, "feature_names_in_", [f"x{i}" for i in range(count)])
    names = [str(name) for name in names]
    if len(names) != count or len(set(names)) != count:
        raise Refused(f"{count} different names of features wanted, got {len(names)}")
    types = ["float"] * count
    for feature in categories or []:
        types[feature] = "categorical"
    return [{"name": name, "type": kind} for name, kind in zip(names, types)]


# Trees ---------------------------------------------------------------------------------------------------------------


def _trees(model, names):
    name = type(model).__name__
    if name.startswith("HistGradientBoosting"):
        return _hist(model, names)
    if name.startswith("GradientBoosting"):
        return _boosting(model, names)
    if name.startswith(("RandomForest", "ExtraTrees")):
        return _forest(model, names, model.estimators_)
    if name.startswith(("DecisionTree", "ExtraTree")):
        return _forest(model, names, [model])
    raise Refused(f"{name} is not among the models that this script knows")


def _document(model, names, *, link, base, trees, compares, covers="count", categories=None, features=None):
    count = features if features is not None else model.n_features_in_
    return {
        "kind": "trees",
        "objective": getattr(model, "loss", None) if isinstance(getattr(model, "loss", None), str) else link,
        "link": link,
        "features": _features(model, names, count, categories),
        "compares": compares,
        "covers": covers,
        "base": [float(value) for value in base],
        "trees": trees,
    }


def _forest(model, names, estimators):
    """Means of leaves: of class probabilities, or of values. Two classes are one output: the second class."""
    is_classifier = hasattr(model, "classes_")
    if getattr(model, "n_outputs_", 1) != 1:
        raise Refused("several targets at once")
    classes = len(model.classes_) if is_classifier else 0
    outputs = [1] if classes == 2 else list(range(max(classes, 1)))
    trees = []
    for estimator in estimators:
        tree = estimator.tree_
        values = tree.value[:, 0, :]
        if is_classifier:
            values = values / values.sum(axis=1, keepdims=True)
        trees.append(_tree(tree, [values[:, output] / len(estimators) for output in outputs]))
    base = [0.0] * len(outputs)
    return _document(model, names, link="probability" if is_classifier else "identity", base=base, trees=trees, compares="float32")


def _boosting(model, names):
    is_classifier = hasattr(model, "classes_")
    outputs = model.estimators_.shape[1]
    # The raw prediction of an empty ensemble: what `init_` says, the same for every row unless it is a model of its own.
    if model.init is not None and model.init != "zero":
        raise Refused("an init estimator, whose answer differs from row to row")
    probe = np.zeros((1, model.n_features_in_), dtype=np.float32)
    base = np.ravel(model._raw_predict_init(probe))
    trees = [
        _tree(estimator.tree_, [model.learning_rate * estimator.tree_.value[:, 0, 0]], [output])
        for stage in model.estimators_
        for output, estimator in enumerate(stage)
    ]
    link = ("logit" if outputs == 1 else "softmax") if is_classifier else "identity"
    if is_classifier and model.loss == "exponential":
        raise Refused("loss='exponential': its probability is expit(2 x)")
    return _document(model, names, link=link, base=base, trees=trees, compares="float32")


def _tree(tree, values, outputs=None):
    is_leaf = tree.children_left == -1
    missing = getattr(tree, "missing_go_to_left", np.zeros(tree.node_count, dtype=np.uint8))
    return {
        "outputs": list(range(len(values))) if outputs is None else outputs,
        "left": tree.children_left.tolist(),
        "right": tree.children_right.tolist(),
        "feature": np.where(is_leaf, 0, tree.feature).tolist(),
        "threshold": [None if leaf else _finite(value) for leaf, value in zip(is_leaf, tree.threshold)],
        "missingLeft": np.where(is_leaf, 0, missing).astype(int).tolist(),
        "values": [[float(v) if leaf else 0.0 for leaf, v in zip(is_leaf, column)] for column in values],
        "cover": tree.weighted_n_node_samples.tolist(),
    }


def _finite(threshold):
    """An infinite threshold parts missing values from all others; so does the largest number."""
    return float(np.clip(threshold, -np.finfo(np.float64).max, np.finfo(np.float64).max))


def _hist(model, names):
    """Columns are put back: with categories the model holds the categorical columns first."""
    loss = model._loss
    link = {"HalfBinomialLoss": "logit", "HalfMultinomialLoss": "softmax"}.get(type(loss).__name__)
    if link is None:
        link = "log" if type(loss.link).__name__ == "LogLink" else "identity"
    is_categorical = model.is_categorical_
    count = model.n_features_in_
    order = np.arange(count)
    known = None
    if is_categorical is not None:
        order = np.concatenate([np.flatnonzero(is_categorical), np.flatnonzero(~is_categorical)])
        known = model._bin_mapper.make_known_categories_bitsets()
        _require_codes(model)
    trees = [
        _hist_tree(predictor, output, order, known)
        for stage in model._predictors
        for output, predictor in enumerate(stage)
    ]
    categories = [] if is_categorical is None else np.flatnonzero(is_categorical).tolist()
    base = np.ravel(model._baseline_prediction)
    return _document(model, names, link=link, base=base, trees=trees, compares="float64", categories=categories)


def _require_codes(model):
    """Categories must be the codes 0, 1, … themselves: the model would otherwise number them by its own order."""
    encoder = model._preprocessor.named_transformers_.get("encoder")
    for categories in getattr(encoder, "categories_", []):
        present = [value for value in categories if not (isinstance(value, float) and math.isnan(value))]
        if any(float(value) != code for code, value in enumerate(present)):
            raise Refused("categories that are not numbered 0, 1, … without gaps: encode them so and train again")


def _members(words):
    return [32 * i + bit for i, word in enumerate(words) for bit in range(32) if (int(word) >> bit) & 1]


def _hist_tree(predictor, output, order, known):
    nodes = predictor.nodes
    tree = {"outputs": [output], "left": [], "right": [], "feature": [], "threshold": [], "missingLeft": [], "cover": []}
    values, sets = [], []
    known_features, known_bits = ([], None) if known is None else (known[1].tolist(), known[0])
    for index, node in enumerate(nodes):
        leaf = bool(node["is_leaf"])
        left, right = (-1, -1) if leaf else (int(node["left"]), int(node["right"]))
        missing_left = bool(node["missing_go_to_left"]) and not leaf
        threshold = None if leaf else float(node["num_threshold"])
        if not leaf and node["is_categorical"]:
            threshold = None
            goes_left = set(_members(predictor.raw_left_cat_bitsets[node["bitset_idx"]]))
            seen = set(_members(known_bits[known_features[node["feature_idx"]]]))
            # Here the listed categories go right, and the others follow the missing values.
            if missing_left:
                listed = seen - goes_left
            else:
                listed, left, right, missing_left = goes_left, right, left, True
            sets.append([index, sorted(listed)])
        tree["left"].append(left)
        tree["right"].append(right)
        tree["feature"].append(0 if leaf else int(order[node["feature_idx"]]))
        tree["threshold"].append(None if threshold is None else _finite(threshold))
        tree["missingLeft"].append(int(missing_left))
        tree["cover"].append(int(node["count"]))
        values.append(float(node["value"]) if leaf else 0.0)
    return {**tree, "values": [values], "categories": sets}


# Linear --------------------------------------------------------------------------------------------------------------

LINEAR = ("LinearRegression", "Ridge", "RidgeCV", "Lasso", "LassoCV", "ElasticNet", "ElasticNetCV")
LOGISTIC = ("LogisticRegression", "LogisticRegressionCV", "SGDClassifier")


def _is_linear(model):
    last = model.steps[-1][1] if hasattr(model, "steps") else model
    return type(last).__name__ in LINEAR + LOGISTIC


def _linear(model, names):
    last = model.steps[-1][1] if hasattr(model, "steps") else model
    coefficients = np.atleast_2d(np.asarray(last.coef_, dtype=np.float64))
    intercept = np.ravel(np.asarray(last.intercept_, dtype=np.float64))
    intercept = np.broadcast_to(intercept, len(coefficients)).copy()
    for _, step in reversed(model.steps[:-1] if hasattr(model, "steps") else []):
        if type(step).__name__ != "StandardScaler":
            raise Refused(f"{type(step).__name__} before a linear model")
        scale = step.scale_ if step.scale_ is not None else np.ones(coefficients.shape[1])
        mean = step.mean_ if step.mean_ is not None else np.zeros(coefficients.shape[1])
        coefficients = coefficients / scale
        intercept = intercept - coefficients @ mean
    link = "identity"
    if type(last).__name__ in LOGISTIC:
        if type(last).__name__ == "SGDClassifier" and (last.loss != "log_loss" or len(last.classes_) > 2):
            raise Refused("SGDClassifier other than log_loss with two classes")
        link = "logit" if len(last.classes_) == 2 else "softmax"
    return {
        "kind": "linear",
        "objective": type(last).__name__,
        "link": link,
        "features": _features(model, names, coefficients.shape[1]),
        "intercept": intercept.tolist(),
        "coefficients": coefficients.tolist(),
    }


def main():
    parser = argparse.ArgumentParser(description="Writes a scikit-learn model as JSON for @showcause/explain.")
    parser.add_argument("model", help="file of joblib or pickle; only ever one that you made yourself")
    parser.add_argument("out")
    parser.add_argument("--names", help="names of the features, with commas between")
    options = parser.parse_args()
    import joblib

    export(joblib.load(options.model), options.out, options.names.split(",") if options.names else None)


if __name__ == "__main__":
    main()
