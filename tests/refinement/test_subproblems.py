"""Subproblems for refiners: reduced tables and unmatched curves, and the way back to the whole table."""

from __future__ import annotations

import numpy as np
import sympy
from support.tables import noisy_table

from kansr.data.dataset import Dataset
from kansr.expression.evaluate import Tape
from kansr.expression.parse import parse
from kansr.formula.judge.judge import judge
from kansr.refinement.refiners.subproblems import Subproblem, reduced_tables, unmatched_curves
from kansr.result.graph import Edge, Graph, Node, NodeType
from kansr.runtime.deadline import Deadline
from kansr.search.attempt import Finding
from kansr.search.partition import Partition
from kansr.symbolic.matching.match import MatchConfig

LAW = "a*exp(-b) + 0.3*sin(a*b)/(1 + b**2)"


DATA = noisy_table(LAW, rows=120)


START = judge(parse("a*b"), DATA, DATA, "start")


def _solved(subproblem: Subproblem, data: Dataset) -> bool:
    """Whether its formula in the columns of the subproblem, led back, is the law of the whole table."""
    u = sympy.Mul(*(sympy.Symbol(name) for name in subproblem.data.names))
    value = Tape(subproblem.back(sympy.sin(u) + sympy.exp(sympy.cos(u))), data.names).value(data.X)
    return np.allclose(value, data.y, rtol=1e-6)


def test_formulas_of_reduced_tables_lead_back() -> None:
    data = noisy_table("a*(sin(b*c) + exp(cos(b*c)))", rows=200)
    found = reduced_tables(Partition.between(data, data.take(slice(0, 50))), MatchConfig(), Deadline(6.0))
    assert found and all(1 <= subproblem.data.X.shape[1] <= 2 and subproblem.path for subproblem in found)
    assert any(_solved(subproblem, data) for subproblem in found)


def test_a_curve_that_no_function_matches_is_a_subproblem() -> None:
    x = np.linspace(-2, 2, 150)
    curve = np.exp(-(x**2)) * np.cos(3 * x) + 0.1 * x**3
    nodes = (Node("x", NodeType.INPUT), Node("z", NodeType.INPUT), Node("y", NodeType.SUM))
    graph = Graph(nodes, (Edge("x", "y", x, curve, 1e-6), Edge("z", "y", x, np.sin(x), 1e-6)), "made up", 1e-6)
    (subproblem,) = unmatched_curves([Finding(START, graph)], MatchConfig())
    assert np.array_equal(subproblem.data.X[:, 0], x) and np.array_equal(subproblem.data.y, curve)
    formula = subproblem.back(parse("exp(-u**2)*cos(3*u) + 0.1*u**3"))
    X = np.column_stack([x, x])
    assert np.abs(Tape(formula, ("x", "z")).value(X) - curve - np.sin(x)).max() < 1e-6
