"""A baseline: the mean or a linear function of the inputs, whichever has the lower BIC."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import sympy

from kansr.bench.methods import Answer, Question
from kansr.expression.render import render


def search(question: Question) -> Iterator[Answer]:
    data = question.data
    design = np.column_stack([np.ones(data.rows), data.X])
    coefficients = np.linalg.lstsq(design, data.y, rcond=None)[0]
    terms = [sympy.Float(float(c)) * sympy.Symbol(name) for c, name in zip(coefficients[1:], data.names)]
    plane = render(sympy.Add(sympy.Float(float(coefficients[0])), *terms))
    mean = render(sympy.Float(float(np.mean(data.y))))

    def bic(residual: np.ndarray, parameters: int) -> float:
        tiny = np.finfo(float).tiny
        return data.rows * float(np.log(max(np.mean(residual**2), tiny))) + parameters * float(np.log(data.rows))

    flat = bic(data.y - np.mean(data.y), 1)
    sloping = bic(data.y - design @ coefficients, design.shape[1])
    yield Answer(plane if sloping < flat else mean, (mean, plane))
