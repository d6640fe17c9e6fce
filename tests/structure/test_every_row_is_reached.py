"""Every row of the tables of moves and of terminals is of use: it leads back to a law, and the searches ask it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import sympy
from support.laws import REDUCED, SOLVED, Law, Reduced
from support.tables import state_of

from kansr.data.dataset import split
from kansr.expression.evaluate import Tape
from kansr.expression.parse import parse
from kansr.formula.fit.constants import fit_constants
from kansr.search.reductions import exact, noisy
from kansr.structure.context import ABOVE_NOISE, Context
from kansr.structure.moves import registry
from kansr.structure.moves.move import Move
from kansr.structure.moves.registry import MOVES, MoveKind
from kansr.structure.moves.state import State
from kansr.structure.surrogate.gradient_field import GradientField
from kansr.structure.surrogate.kernel import surrogate
from kansr.structure.surrogate.noisy_kernel import NoisyRows, best_settings, gradients
from kansr.structure.surrogate.product_kernel import composite
from kansr.structure.terminals.registry import TERMINALS
from kansr.structure.terminals.terminal import TerminalKind
from kansr.symbolic.matching.choose import ChooseConfig, choose
from kansr.symbolic.matching.match import match_all

STEPS = 80  # of a search, in which every row is asked
CLOSE = 1e-4  # how near numbers are that are read off gradients
pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")  # formulas are tried where they have no value


def cases(kinds: Sequence[Any], laws: Mapping[str, Sequence[Law]]) -> list[Any]:
    """A row of a table with each of its laws."""
    return [
        pytest.param(kind, law, id=f"{kind.name}: {law.text}", marks=[pytest.mark.slow] * law.slow)
        for kind in kinds
        for law in laws.get(kind.name, ())
    ]


@pytest.mark.parametrize(("kinds", "laws"), [(MOVES, REDUCED), (TERMINALS, SOLVED)], ids=["moves", "terminals"])
def test_every_row_has_a_name_and_a_law_of_its_own(kinds: Sequence[Any], laws: Mapping[str, Sequence[Law]]) -> None:
    assert sorted(laws) == sorted(kind.name for kind in kinds)
    assert all(laws.values())


def context_of(law: Law) -> Context:
    return Context(noise=law.noise, error=law.noise * float(np.std(law.clean.y)))


def root(law: Law) -> State:
    """The rows as a search begins with them."""
    state = state_of(law.data)
    return replace(state, sigma=np.ones(len(state.z))) if law.noise else state


def formulas(kind: TerminalKind, law: Law) -> Iterator[sympy.Expr]:
    state, context = State.of(law.data) if kind.whole else root(law), context_of(law)
    if kind.solve is not None:
        yield from map(state.formula, kind.solve(state, context))
    if kind.graphs is not None:
        fitting, judging = split(law.data, 0.25, np.random.default_rng(0))
        context = replace(context, max_misfit=max(kind.misfit, ABOVE_NOISE * law.noise))
        for graph in kind.graphs(fitting, judging, context):
            for fit in choose(graph, match_all(graph.edges), fitting, ChooseConfig(trials=12, keep=3)):
                yield fit.expr


@pytest.mark.parametrize(("kind", "law"), cases(TERMINALS, SOLVED))
def test_a_terminal_leads_back_to_its_law(kind: TerminalKind, law: Law) -> None:
    assert kind.whole or kind.suits(root(law), law.noise)
    assert any(map(law.is_met_by, formulas(kind, law)))


def field_of(kind: MoveKind, law: Law) -> GradientField:
    data = law.data
    if kind.asks == "linear model":
        model = composite(data.X, data.y, (False,) * len(data.names), lambda: False)
        assert model is not None
        return model.field()
    if law.noise:
        rows = NoisyRows(data.X, data.y, np.ones(data.rows))
        return gradients(rows, best_settings(rows).setting)
    return surrogate(data.X, data.y)


def left(move: Move, law: Reduced) -> Iterable[State]:
    """The states that a move leads to."""
    if move.problem is not None:
        return move.problem.states(root(law), [fit_constants(parse(law.factor), move.problem.f)])
    made = move.made(root(law))
    return [] if made is None else [made]


def led_back(state: State, law: Reduced) -> sympy.Expr | None:
    """The law by what is left of it, if the columns and the target that are left are those that are meant."""
    meant = [Tape(parse(column), law.data.names).value(law.data.X) for column in law.columns]
    place = {}
    for k, x in enumerate(meant):
        alike = [i for i, own in enumerate(state.X.T) if abs(np.corrcoef(x, own)[0, 1]) > 1 - 1e-6]
        place.update({sympy.Symbol(f"u{k}"): sympy.Symbol(state.names[i]) for i in alike})
    if len(meant) != len(state.inputs) or len({*place.values()}) != len(meant):
        return None
    rest = fit_constants(parse(law.rest).xreplace(place), state.dataset())
    if not law.noise and rest.rms > CLOSE * float(np.std(state.z)):
        return None
    return state.formula(rest.expr)


@pytest.mark.parametrize(("kind", "law"), cases(MOVES, REDUCED))
def test_a_move_leads_back_to_its_law(kind: MoveKind, law: Reduced) -> None:
    assert kind.suits(root(law), law.noise > 0)
    proposed = kind.propose(root(law), field_of(kind, law), context_of(law))
    back = (led_back(state, law) for move in proposed for state in left(move, law))
    assert any(expr is not None and law.is_met_by(expr) for expr in back)


class Asked:
    """Rows that find nothing and remember that they were asked."""

    def __init__(self) -> None:
        self.names: set[str] = set()

    def terminal(self, kind: TerminalKind) -> TerminalKind:
        def nothing(*given: object) -> Iterator[Any]:
            self.names.add(kind.name)
            yield from ()

        return kind._replace(solve=kind.solve and nothing, graphs=kind.graphs and nothing)

    def move(self, kind: MoveKind) -> MoveKind:
        def nothing(*given: object) -> list[Move]:
            self.names.add(kind.name)
            return []

        return kind._replace(propose=nothing)


@pytest.mark.parametrize(
    ("kind", "law"), [*cases([k for k in TERMINALS if not k.whole], SOLVED), *cases(MOVES, REDUCED)]
)
def test_a_search_asks_it_about_its_law(
    kind: TerminalKind | MoveKind, law: Law, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = Asked()
    terminals = tuple(map(asked.terminal, TERMINALS))
    for search in (exact, noisy):
        monkeypatch.setattr(search, "TERMINALS", terminals)
        monkeypatch.setattr(search, "BY_NAME", {row.name: row for row in terminals})
    monkeypatch.setattr(registry, "MOVES", tuple(map(asked.move, MOVES)))
    monkeypatch.setattr(
        exact, "network_surrogate", lambda X, z, *given, **more: surrogate(X, z)
    )  # takes ten times as long
    search_of = noisy.NoisySearch.of if law.noise else exact.ExactSearch.of
    assert list(search_of(law.data, Context()).advance(STEPS)) == []
    assert kind.name in asked.names
