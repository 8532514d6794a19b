"""Background rows that are not people.

A row is the centroid of at least ten approved applicants near the threshold: means rounded to the feature's unit,
the most frequent category. It is kept only if the model itself approves the centroid within the band, so that each
row says "an applicant just good enough". No record is used twice.
"""

import numpy as np

MEMBERS = 10
BAND_WIDTH = 0.15


def distance(row, other, spread, categorical):
    """Gower's distance: a category that differs counts 1, a number its share of the spread."""
    return np.where(categorical, row != other, np.abs(row - other) / spread).mean(axis=-1)


def centroid(members, categorical):
    columns = []
    for values, is_category in zip(members.T, categorical):
        if is_category:
            codes, counts = np.unique(values, return_counts=True)
            columns.append(int(codes[counts.argmax()]))
        else:
            columns.append(int(np.floor(values.mean() + 0.5)))
    return columns


def centroids(rows, risk, threshold, types):
    """Rows, band and cohort sizes. `risk` gives the model's probability for a list of rows."""
    values = np.array(rows, dtype=np.float64)
    categorical = np.array([kind == "c" for kind in types])
    spread = np.ptp(values, axis=0)
    spread[spread == 0] = 1
    low = round(threshold - BAND_WIDTH, 2)

    probability = risk(rows)
    left = [int(i) for i in np.argsort(-probability, kind="stable") if low <= probability[i] < threshold]
    kept = []
    while len(left) >= MEMBERS:
        # The applicant nearest to the threshold, with the nine most alike of those that are left.
        others = np.array(left[1:])
        nearest = np.argsort(distance(values[left[0]], values[others], spread, categorical), kind="stable")
        cohort = [left[0], *(int(i) for i in others[nearest[: MEMBERS - 1]])]
        row = centroid(values[cohort], categorical)
        if low <= risk([row])[0] < threshold:
            kept.append(row)
            left = [i for i in left if i not in cohort]
        else:
            left = left[1:]
    if not kept:
        raise SystemExit("no centroid lies within the band")
    return {
        "rows": kept,
        "band": {"measure": "probability", "from": low, "below": threshold},
        "membersPerRow": MEMBERS,
    }
