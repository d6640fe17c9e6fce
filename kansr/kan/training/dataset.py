"""Training rows: drawn from a known function, or checked and converted from a user's dataset."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from kansr.errors import UsageError

TensorDataset = dict[str, Tensor]  # train_input, train_label, test_input, test_label


@dataclass(frozen=True, eq=False)
class TrainingRows:
    """Rows that a network is trained or judged on. They are never changed, so copies of a network share them.

    X: (rows, inputs); y: (rows, outputs); weight: (rows,), with mean one, or None for equal weights
    """

    X: Tensor
    y: Tensor
    weight: Tensor | None = None

    @property
    def are_labels(self) -> bool:
        """Whether y has whole numbers for a loss of the user's own: class labels, (rows,)."""
        return not self.y.is_floating_point()

    def mean_square(self, prediction: Tensor) -> Tensor:
        """The weighted mean squared error. prediction: (..., rows, outputs) -> (...)"""
        return self.mean((prediction - self.y).square().mean(-1))

    def mean(self, value: Tensor) -> Tensor:
        """The weighted mean over the rows. value: (..., rows) -> (...)"""
        return (value if self.weight is None else value * self.weight).mean(-1)

    def to(self, like: Tensor | torch.device) -> TrainingRows:
        """The rows on a device, or with the device and precision of a tensor."""
        y = self.y.to(like.device if isinstance(like, Tensor) else like) if self.are_labels else self.y.to(like)
        return TrainingRows(self.X.to(like), y, None if self.weight is None else self.weight.to(like))

    def take(self, rows: Tensor) -> TrainingRows:
        """The rows with these numbers, or those where a mask is true."""
        return TrainingRows(self.X[rows], self.y[rows], None if self.weight is None else self.weight[rows])

    def __deepcopy__(self, memo: object) -> TrainingRows:
        return self


def create_dataset(
    f: Callable[[Tensor], Tensor],
    n_var: int = 2,
    f_mode: Literal["col", "row"] = "col",
    ranges: Sequence[float] | Sequence[Sequence[float]] = (-1, 1),
    train_num: int = 1000,
    test_num: int = 1000,
    normalize_input: bool = False,
    normalize_label: bool = False,
    device: str | torch.device = "cpu",
    seed: int = 0,
) -> TensorDataset:
    """Rows of f at points drawn uniformly from the ranges, in float64.

    f: (rows, n_var) -> (rows,) or (rows, outputs); with f_mode "row" it takes (n_var, rows);
    ranges: one pair [low, high] for all inputs, or a pair for each. Normalised columns have mean 0 and standard
    deviation 1 on the training rows.
    -> train_input, test_input: (rows, n_var); train_label, test_label: (rows, outputs)
    Raises UsageError for ranges of another shape.
    """
    rng = torch.Generator().manual_seed(int(seed))
    box = torch.as_tensor(ranges, dtype=torch.float64, device="cpu")
    if box.shape not in ((2,), (n_var, 2)):
        raise UsageError(f"ranges {ranges!r} is neither one pair [low, high] nor {n_var} of them")
    low, high = box.expand(n_var, 2).unbind(1)
    rows = {}
    for part, count in (("train", train_num), ("test", test_num)):
        X = low + (high - low) * torch.rand(int(count), n_var, generator=rng, dtype=torch.float64, device="cpu")
        y = f(X.T if f_mode == "row" else X)
        rows[f"{part}_input"], rows[f"{part}_label"] = X, y[:, None] if y.ndim == 1 else y
    for name, wanted in (("input", normalize_input), ("label", normalize_label)):
        if wanted:
            mean, deviation = rows[f"train_{name}"].mean(0), rows[f"train_{name}"].std(0)
            for part in ("train", "test"):
                rows[f"{part}_{name}"] = (rows[f"{part}_{name}"] - mean) / deviation
    return {name: rows[name].to(device) for name in ("train_input", "test_input", "train_label", "test_label")}


def training_rows(dataset: Mapping[str, Tensor], labels: bool = False) -> TrainingRows:
    """The training rows of a dataset, in float64, with its train_weight where it has one.

    labels: whether whole numbers in train_label are class labels, which stay as they are

    Raises UsageError where they are missing, of wrong shape, or not finite.
    """
    rows = _part(dataset, "train", labels)
    if rows is None:
        raise UsageError(f"a dataset needs train_input and train_label; this one has {', '.join(dataset)}")
    return rows


def test_rows(dataset: Mapping[str, Tensor], labels: bool = False) -> TrainingRows | None:
    """The test rows of a dataset, in float64; None where it has none. Raises UsageError as `training_rows` does."""
    return _part(dataset, "test", labels)


def as_float64(values: Tensor | NDArray[np.float64]) -> Tensor:
    """The values as a float64 tensor, on the device where they are."""
    if isinstance(values, Tensor):
        return values.to(torch.float64)
    return torch.as_tensor(values, dtype=torch.float64, device="cpu")


def mean_one_weights(weight: Tensor | NDArray[np.float64], rows: int) -> Tensor:
    """The sample weights divided by their mean: (rows,). Raises UsageError for weights that are impossible."""
    weight = as_float64(weight)
    if weight.shape != (rows,) or not bool(((weight >= 0) & weight.isfinite()).all()) or not bool(weight.any()):
        raise UsageError(
            f"sample weights are one number for each row, here {rows} numbers, none negative and not all 0; these have "
            f"the shape {tuple(weight.shape)}"
        )
    return weight / weight.mean()


def _part(dataset: Mapping[str, Tensor], part: Literal["train", "test"], labels: bool) -> TrainingRows | None:
    if f"{part}_input" not in dataset or f"{part}_label" not in dataset:
        return None
    X, y = (as_float64(dataset[f"{part}_{name}"]).detach() for name in ("input", "label"))
    y = y[:, None] if y.ndim == 1 else y
    given = torch.as_tensor(dataset[f"{part}_label"], device=y.device)
    are_labels = labels and y.shape[1:] == (1,) and not (given.is_floating_point() or given.is_complex())
    if X.ndim != 2 or y.ndim != 2 or len(X) != len(y) or not len(X):
        raise UsageError(
            f"{part}_input is (rows, inputs) and {part}_label (rows, outputs), of the same length; these are "
            f"{tuple(X.shape)} and {tuple(y.shape)}"
        )
    for name, value in (("input", X), ("label", y)):
        if not bool(value.isfinite().all()):
            row, column = (~value.isfinite()).nonzero()[0].tolist()
            raise UsageError(
                f"{part}_{name} has {float(value[row, column])} in row {row}, column {column} (counted from 0): "
                "leave such rows out"
            )
    if not bool(y.square().sum().isfinite()):
        raise UsageError(f"squares of {part}_label overflow: it goes up to {float(y.abs().max()):.1e}; scale it down")
    y = y[:, 0].long() if are_labels else y
    weight = dataset.get(f"{part}_weight")
    return TrainingRows(X, y, None if weight is None else mean_one_weights(weight, len(X)))
