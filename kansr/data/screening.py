"""Feature screening: of very many inputs, those that correlate with the target, alone or in pairs.

Iterative sure independence screening (Fan and Lv 2008), with nonlinear features of the ranks of each input.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kansr.numeric.arrays import Array
from kansr.numeric.ranks import even

MANY = 40  # up to so many inputs all are kept; of more, at most so many
FEWEST_KEPT = 10  # inputs that are kept at least, significant or not
ROWS = 2000  # that are used, drawn at random
# z-scores of a correlation under independence, |r|·sqrt(rows), from which an input, or a product of two, is
# significant: high, since there are thousands of inputs and millions of products.
INPUT_LEVEL, PAIR_LEVEL = 4.5, 6.0
ROUNDS = 4  # of regressing out the significant inputs and testing again
ROWS_PER_FEATURE = 12  # for each input that is regressed out


def screened(X: Array, y: Array) -> NDArray[np.intp]:
    """The positions of the inputs to keep, ascending. X: (rows, inputs); y: (rows,).

    The target, its ranks and its logarithm are correlated with the first three Legendre polynomials of the ranks of
    each input, then the residuals after regression on the significant ones, and at last with products of two inputs.
    """
    rows = np.random.default_rng(0).permutation(len(y))[:ROWS]
    U = np.apply_along_axis(even, 0, X[rows])
    polynomials = np.stack([U, (3 * U**2 - 1) / 2, (5 * U**3 - 3 * U) / 2])
    polynomials = (polynomials - polynomials.mean(1, keepdims=True)) / polynomials.std(1, keepdims=True)
    size = np.abs(y[rows])
    responses = [even(y[rows]), y[rows], *([np.log(size)] if size.min() > 0 else [])]
    score = np.max([_scores(polynomials, response) for response in responses], axis=0)
    best = np.argsort(-score, kind="stable")
    return np.sort(best[: np.clip(int((score > 1).sum()), FEWEST_KEPT, MANY)])


def _scores(polynomials: Array, response: Array) -> Array:
    """The z-score of each input over its level, (inputs,); above 1 it is significant, more is more so.

    polynomials: (3, rows, inputs), of Legendre, standardised; response: (rows,), a transform of the target.
    """
    rows, count = polynomials.shape[1:]
    score = np.zeros(count)
    left = response
    for _ in range(ROUNDS):
        unit = (left - left.mean()) / (left.std() or 1.0)
        now = np.abs(np.einsum("dri,r->di", polynomials, unit)).max(0) / np.sqrt(rows) / INPUT_LEVEL
        new = (now > 1) & (score <= 1)
        score = np.maximum(score, now)
        if not new.any():
            break
        seen = np.argsort(-score, kind="stable")[: min(MANY, int((score > 1).sum()), rows // ROWS_PER_FEATURE)]
        features = np.column_stack([np.ones(rows), *polynomials[:, :, seen]])
        left = response - features @ np.linalg.lstsq(features, response, rcond=None)[0]
    unit = (left - left.mean()) / (left.std() or 1.0)
    pairs = np.abs((polynomials[0] * unit[:, None]).T @ polynomials[0]) / np.sqrt(rows) / PAIR_LEVEL
    np.fill_diagonal(pairs, 0.0)
    return np.asarray(np.maximum(score, pairs.max(0)))
