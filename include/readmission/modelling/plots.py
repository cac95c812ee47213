"""Plots of one model on the validation rows, for its MLflow run."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from sklearn.metrics import confusion_matrix, precision_recall_curve, roc_curve

from readmission.domain import schema
from readmission.modelling.decision import decide
from readmission.modelling.encoder import source_fields
from readmission.modelling.families import family
from readmission.modelling.fitting import Fit
from readmission.modelling.model import ReadmissionModel

_BINS = 10
_SHOWN_FEATURES = 20
_SHOWN_POINTS = 1_000
_COLOURS = ("#4c78a8", "#f58518", "#e45756")

Points = npt.NDArray[np.floating]


def draw(fit: Fit, subtitle: str) -> Mapping[str, Figure]:
    """Return the plots of a fit by file name.

    Parameters
    ----------
    fit : Fit
        The model and its validation rows.
    subtitle : str
        Origin of the data and newest batch, as shown on every plot.
    """
    heading = f"{family(fit.model.family).title}, validation rows\n{subtitle}"
    return {
        "confusion_matrix.png": _confusion(fit, heading),
        "calibration.png": _calibration(fit, heading),
        "roc_pr.png": _curves(fit, heading),
        "feature_importance.png": _importance(fit.model, heading),
    }


def importance(model: ReadmissionModel) -> pd.Series:
    """Return the share of each original field in a model's importance, largest first.

    The importances of all columns that were encoded from the same field are added up; that of a
    column made from several fields is divided equally among them.
    """
    weights = family(model.family).importance(model.estimator)
    columns = zip(source_fields(model.encoder), weights, strict=True)
    shares = [(name, weight / len(names)) for names, weight in columns for name in names]
    summed = pd.DataFrame(shares).groupby(0)[1].sum()
    return (summed / summed.sum()).sort_values(ascending=False)


def save(figure: Figure, path: Path) -> None:
    """Write a plot as PNG; `Figure.savefig` would draw it twice."""
    canvas = FigureCanvasAgg(figure)
    canvas.print_png(path, pil_kwargs={"compress_level": 1})  # type: ignore[no-untyped-call]


def _figure(heading: str, columns: int = 1, left: float = 0.12) -> tuple[Figure, list[Axes]]:
    """Return a figure with margins in shares of its size; computing them costs another drawing."""
    figure = Figure(figsize=(6 * columns, 5.2))
    figure.subplots_adjust(left=left, right=0.97, bottom=0.11, top=0.86)
    figure.suptitle(heading, fontsize=11)
    return figure, [figure.add_subplot(1, columns, i + 1) for i in range(columns)]


def _confusion(fit: Fit, heading: str) -> Figure:
    figure, (axes,) = _figure(heading)
    decided = decide(fit.probabilities, fit.model.weights)
    counts = confusion_matrix(fit.outcomes, decided, labels=range(len(schema.CLASSES)))
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for row, column in np.ndindex(counts.shape):
        axes.text(
            column,
            row,
            f"{counts[row, column]:,}\n{shares[row, column]:.0%}",
            ha="center",
            va="center",
            color="white" if shares[row, column] > 0.5 else "black",
        )
    ticks = range(len(schema.CLASSES))
    axes.set_xticks(ticks, schema.CLASSES)
    axes.set_yticks(ticks, schema.CLASSES)
    axes.set_xlabel("predicted")
    axes.set_ylabel("outcome")
    return figure


def _calibration(fit: Fit, heading: str) -> Figure:
    figure, (axes,) = _figure(heading)
    for code, (label, colour) in enumerate(zip(schema.CLASSES, _COLOURS, strict=True)):
        predicted, observed = _calibration_points(fit.outcomes == code, fit.probabilities[:, code])
        axes.plot(predicted, observed, marker="o", color=colour, label=label)
    axes.plot([0, 1], [0, 1], color="grey", linewidth=0.8, linestyle="--")
    axes.set_xlabel("predicted probability")
    axes.set_ylabel("observed share")
    axes.legend(title="class")
    return figure


def _calibration_points(
    observed: npt.NDArray[np.bool_], predicted: npt.NDArray[np.floating]
) -> tuple[list[float], list[float]]:
    bins = [b for b in np.array_split(np.argsort(predicted), _BINS) if len(b)]
    return [float(predicted[b].mean()) for b in bins], [float(observed[b].mean()) for b in bins]


def _curves(fit: Fit, heading: str) -> Figure:
    figure, (roc, pr) = _figure(heading, columns=2, left=0.06)
    for code, (label, colour) in enumerate(zip(schema.CLASSES, _COLOURS, strict=True)):
        positive, score = fit.outcomes == code, fit.probabilities[:, code]
        false_positive, true_positive, _ = roc_curve(positive, score)
        precision, recall, _ = precision_recall_curve(positive, score)
        share = f"{label} ({positive.mean():.0%} of rows)"
        roc.plot(*_thinned(false_positive, true_positive), color=colour, label=label)
        pr.plot(*_thinned(recall, precision), color=colour, label=share)
    roc.plot([0, 1], [0, 1], color="grey", linewidth=0.8, linestyle="--")
    roc.set(xlabel="false positive rate", ylabel="true positive rate", title="ROC")
    pr.set(xlabel="recall", ylabel="precision", title="Precision and recall", ylim=(0, 1))
    roc.legend(loc="lower right")
    pr.legend(loc="upper right")
    return figure


def _thinned(x: Points, y: Points) -> tuple[Points, Points]:
    """Return a curve with no more points than the plot can show."""
    shown = np.unique(np.linspace(0, len(x) - 1, _SHOWN_POINTS).astype(int))
    return x[shown], y[shown]


def _importance(model: ReadmissionModel, heading: str) -> Figure:
    figure, (axes,) = _figure(heading, left=0.34)
    largest = importance(model).head(_SHOWN_FEATURES)[::-1]
    axes.barh(largest.index.astype(str), largest.to_numpy(), color=_COLOURS[0])
    axes.set_xlabel("share of importance")
    return figure
