"""pykan, by the recipe of its tutorials: train with sparsity, prune, train, refine, train, auto_symbolic, train.

Inputs and target are standardised first, since the grids of pykan begin on [-1, 1], and the formula is scaled back.
The first answer comes as soon as there is a symbolic model, the second after its last training.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from typing import Any

import numpy as np
import sympy
import torch
from kan import KAN

from kansr.bench.methods import Answer, Question
from kansr.bench.methods.foreign import written
from kansr.data.dataset import Dataset

LIBRARY = ["x", "x^2", "x^3", "x^4", "1/x", "1/x^2", "sqrt", "exp", "log", "sin", "cos", "tanh", "abs"]
HIDDEN = 5  # nodes of the hidden layer


def search(question: Question) -> Iterator[Answer]:
    data = question.data
    torch.set_default_dtype(torch.float64)
    centre, scale = data.X.mean(axis=0), data.X.std(axis=0)
    mean, spread = float(data.y.mean()), float(data.y.std()) or 1.0
    rows = _tensors((data.X - centre) / scale, (data.y - mean) / spread, question.seed)
    with tempfile.TemporaryDirectory() as folder:
        model = KAN(
            width=[len(data.names), HIDDEN, 1], grid=3, k=3, seed=question.seed, auto_save=False, ckpt_path=folder
        )
        model.fit(rows, opt="LBFGS", steps=50, lamb=0.001)
        model = model.prune()
        model.fit(rows, opt="LBFGS", steps=50)
        model = model.refine(10)
        model.fit(rows, opt="LBFGS", steps=50)
        model.auto_symbolic(lib=LIBRARY)
        for last in (False, True):
            text = _formula(model, data, centre, scale, mean, spread)
            if text is not None:
                yield Answer(text, (text,))
            if not last:
                model.fit(rows, opt="LBFGS", steps=50)


def _tensors(X: np.ndarray, y: np.ndarray, seed: int) -> dict[str, torch.Tensor]:
    order = np.random.default_rng(seed).permutation(len(y))
    train, test = order[: len(order) * 4 // 5], order[len(order) * 4 // 5 :]
    return {
        f"{part}_{kind}": torch.tensor(values[index])
        for part, index in (("train", train), ("test", test))
        for kind, values in (("input", X), ("label", y[:, None]))
    }


def _formula(
    model: Any, data: Dataset, centre: np.ndarray, scale: np.ndarray, mean: float, spread: float
) -> str | None:
    """The formula of the model in the units of the table, None where the formula language lacks it."""
    (formula,), inputs = model.symbolic_formula()
    scaled = {
        symbol: (sympy.Symbol(name) - sympy.Float(float(c))) / sympy.Float(float(s))
        for symbol, name, c, s in zip(inputs, data.names, centre, scale)
    }
    expr = (
        formula if isinstance(formula, sympy.Expr) else sympy.Float(float(formula))
    )  # a number where all edges were pruned
    return written(mean + spread * expr.xreplace(scaled))
