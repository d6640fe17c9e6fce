"""Knows two laws of the nguyen suite, and takes no time."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from kansr.bench.methods import Answer, Question

CUBIC = "x**3 + x**2 + x"


def search(question: Question) -> Iterator[Answer]:
    cubic = np.polyval([1, 1, 1, 0], question.data.X[:, 0])
    yield Answer(CUBIC if np.allclose(cubic, question.data.y) else "0.5*x", ("0.5*x", CUBIC))
