"""The shipped laws, the format they are written in, and the rows drawn from them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import sympy

from kansr.bench.problem import SUITES, Problem, exact, find_problem, read_problems, sample, suite
from kansr.errors import DataError, FormulaError, UsageError
from kansr.expression.evaluate import Tape, evaluate

COUNTS = {
    "feynman": 100,
    "feynman_bonus": 20,
    "feynman120": 120,
    "laws": 177,
    "composed": 30,
    "srsd": 120,
    "srsd_easy": 30,
    "srsd_medium": 40,
    "srsd_hard": 50,
    "strogatz": 14,
    "nguyen": 12,
    "keijzer": 14,
    "korns": 15,
    "vladislavleva": 8,
    "livermore": 22,
    "jin": 6,
    "constant": 8,
    "rational": 3,
    "koza": 3,
    "pagie": 1,
    "classic": 92,
    "pykan": 13,
    "empirical": 9,
    "class": 8,
    "lsr_transform": 154,
    "lsr_transform_published": 55,
    "lsr_transform_other": 99,
    "newtonbench": 60,
}
FILE = """
# a comment
suite springs "a textbook"
hooke (easy): F [kg*m/s**2] = -k*x; k [kg/s**2] in uniform(1, 5), x [m] in loguniform(1e-3, 1) signed; "Hooke's law"
half: y = sqrt(n*x); x in uniform(-1, 1), n in integer(1, 3); unused z in uniform(0, 1); valid 0.5
"""


@pytest.mark.parametrize(("name", "count"), COUNTS.items())
def test_every_suite_is_complete(name: str, count: int) -> None:
    assert len(suite(name)) == count


def every_problem() -> list[Problem]:
    return [problem for file in SUITES for problem in suite(file)]


def test_every_suite_is_counted_and_ids_are_unique() -> None:
    assert {name for names in SUITES.values() for name in names} == set(COUNTS)
    ids = [problem.id for problem in every_problem()]
    assert len(ids) == len(set(ids)) == 797


def test_every_problem_can_be_sampled_inside_its_ranges() -> None:
    for problem in every_problem():
        data = sample(problem, 20, np.random.default_rng(1), distractors=True)
        assert data.X.shape == (20, len(problem.variables) + len(problem.distractors)), problem.id
        assert np.isfinite(data.X).all() and np.isfinite(data.y).all(), problem.id
        for variable in problem.variables + problem.distractors:
            values = data.column(variable.name)
            values = np.abs(values) if variable.signed else values
            slack = (1e-7 if problem.single else 1e-12) * max(abs(variable.low), abs(variable.high))
            assert (variable.low - slack <= values).all() and (values <= variable.high + slack).all(), problem.id
            assert variable.kind != "integer" or (values == np.round(values)).all(), problem.id


def test_a_problem_is_found_by_its_id() -> None:
    problem = find_problem("feynman_I_12_1")
    assert problem.expr == sympy.Symbol("mu") * sympy.Symbol("Nn")
    assert (problem.target, problem.target_units, problem.suite) == ("F", "kg*m/s**2", "feynman")
    with pytest.raises(UsageError, match="Did you mean 'strogatz_glider1'"):
        find_problem("strogatz_glidr1")
    with pytest.raises(UsageError, match="Did you mean 'nguyen'"):
        suite("ngyuen")


@pytest.fixture
def springs(tmp_path: Path) -> tuple[Problem, ...]:
    path = tmp_path / "springs.problems"
    path.write_text(FILE, encoding="utf-8")
    return read_problems(path)


def test_a_line_says_everything(springs: tuple[Problem, ...]) -> None:
    hooke, half = springs
    assert (hooke.suite, hooke.source, hooke.difficulty) == ("springs", "a textbook", "easy")
    assert (hooke.title, hooke.text, hooke.target_units) == ("Hooke's law", "-k*x", "kg*m/s**2")
    k, displacement = hooke.variables
    assert (k.name, k.kind, k.low, k.high, k.units, k.signed) == ("k", "uniform", 1.0, 5.0, "kg/s**2", False)
    assert (displacement.kind, displacement.low, displacement.signed) == ("loguniform", 1e-3, True)
    assert [variable.name for variable in half.distractors] == ["z"]
    assert half.valid_fraction == 0.5


WRONG = {
    "y: f = x": "unexpected",
    "y: f = x; x in normal(0, 1)": "unexpected",
    "y: f = x^2; x in uniform(0, 1)": r"write \*\* \(at column 9\)",
    "y: f = x + z; x in uniform(0, 1)": "no variable 'z'",
    "y: f = x; x in uniform(0, 1), z in uniform(0, 1)": "does not use z",
    "y: f = x; x in uniform(1, 0)": "to a larger one",
    "y: f = x; x in uniform(0, 1), x in uniform(0, 1)": "twice",
    "y: f = x; x in loguniform(-1, 1)": "one side of 0",
    "y: f = x; x in integer(0.5, 2)": "whole numbers",
    "y: f [furlong] = x; x in uniform(0, 1)": "unexpected 'furlong",
    "y: f = x; x in uniform(0, 1); valid 2": "at most 1",
    "a: f = x; x in uniform(0, 1)": "second problem with the id a",
}


@pytest.mark.parametrize(("line", "says"), WRONG.items())
def test_a_mistake_is_named_with_file_and_line(line: str, says: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.problems"
    path.write_text(f"# mine\na: f = x; x in uniform(0, 1)\n{line}\n", encoding="utf-8")
    with pytest.raises(FormulaError, match=rf"mine\.problems, line 3: .*{says}"):
        read_problems(path)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="nowhere"):
        read_problems(tmp_path / "nowhere.problems")


def test_the_same_seed_gives_the_same_rows() -> None:
    problem = find_problem("feynman_I_6_2")
    first, again, other = (sample(problem, 50, np.random.default_rng(seed), noise=0.1) for seed in (3, 3, 4))
    assert (first.X == again.X).all() and (first.y == again.y).all()
    assert not (first.X == other.X).any()


def test_noise_is_relative_to_the_root_mean_square() -> None:
    problem = find_problem("feynman_I_12_1")
    data = sample(problem, 20_000, np.random.default_rng(5), noise=0.1)
    truth = evaluate(problem.expr, {name: data.column(name) for name in data.names})
    assert np.std(data.y - truth) == pytest.approx(0.1 * np.sqrt(np.mean(truth**2)), rel=0.03)


def test_kinds_are_drawn_as_they_say() -> None:
    rng = np.random.default_rng(6)
    signed = sample(find_problem("srsd_I_6_20a"), 4000, rng).column("theta")
    assert np.mean(signed > 0) == pytest.approx(0.5, abs=0.05)
    assert np.mean(np.abs(signed) < 1) == pytest.approx(0.5, abs=0.05)  # of 0.1 .. 10, evenly in the logarithm
    levels = sample(find_problem("law_quant_04"), 500, rng).column("n_1")
    assert set(levels) == {1.0, 2.0, 3.0}
    assert (sample(find_problem("srsd_III_21_20"), 50, rng).column("q") < 0).all()


def test_rows_without_a_usable_target_are_drawn_again(springs: tuple[Problem, ...], tmp_path: Path) -> None:
    rare = sample(find_problem("srsd_I_41_16"), 30, np.random.default_rng(7))
    assert (np.abs(rare.y) >= 1.18e-38).all()
    path = tmp_path / "never.problems"
    path.write_text("never: y = log(x); x in uniform(-2, -1)", encoding="utf-8")
    with pytest.raises(DataError, match=r"never: only 0 of 5000 draws"):
        sample(read_problems(path)[0], 5, np.random.default_rng(8))


TRANSFORMED = ("lsr_transform", "newtonbench")


@pytest.mark.parametrize("name", TRANSFORMED)
def test_no_input_is_without_effect_and_rows_are_finite(name: str) -> None:
    for problem in suite(name):
        data = sample(exact(problem), 200, np.random.default_rng(1))
        assert np.isfinite(data.X).all() and np.isfinite(data.y).all(), problem.id
        tape = Tape(problem.expr, problem.names)
        for i, input in enumerate(problem.names):
            X = data.X.copy()
            X[:, i] = np.roll(X[:, i], 1)
            moved = tape.value(X) - data.y
            assert np.sqrt(np.nanmean(moved**2)) > 1e-3 * np.std(data.y), (problem.id, input)


@pytest.mark.parametrize("name", TRANSFORMED)
def test_no_few_rows_dominate(name: str) -> None:
    """One row in a hundred has four fifths of the squared deviations at most, but for a root with poles everywhere."""
    heavy = set()
    for problem in suite(name):
        y = sample(exact(problem), 4000, np.random.default_rng(2)).y
        squares = np.sort((y - np.median(y)) ** 2)[::-1]
        if squares[: len(y) // 100].sum() > 0.8 * squares.sum():
            heavy.add(problem.id)
    assert heavy <= {"lsr_I_50_26_0_0"}


def test_a_law_that_is_solved_for_an_input_gives_its_target_back() -> None:
    """But for its sign, which a root may change; a root of the squared law is sometimes none of the law."""
    for problem in suite("lsr_transform"):
        law = find_problem(problem.title.split(" for ")[0])
        data = sample(exact(problem), 100, np.random.default_rng(3))
        columns = {**dict(zip(data.names, data.X.T)), problem.target: data.y}
        value, wanted = evaluate(law.expr, columns), columns[law.target]
        assert law.variables[int(problem.id.split("_")[-2])].name == problem.target
        near = np.isclose(np.abs(value), np.abs(wanted), rtol=1e-6, atol=1e-6 * float(np.std(wanted)))
        assert near.all() or (problem.id == "lsr_I_37_4_0_1" and near.mean() > 0.9), problem.id


def test_a_suite_in_single_precision_has_rows_of_it(tmp_path: Path) -> None:
    path = tmp_path / "mine.problems"
    text = 'suite a float32 "s"\na: f = x/3; x in uniform(0, 1)\nsuite b\nb: f = x/3; x in uniform(0, 1)\n'
    path.write_text(text, encoding="utf-8")
    single, double = read_problems(path)
    assert (single.suite, single.source, single.single, double.single) == ("a", "s", True, False)
    rounded, full, same = (sample(p, 50, np.random.default_rng(4), noise=0.1) for p in (single, double, exact(single)))
    for short, long, again in ((rounded.X, full.X, same.X), (rounded.y, full.y, same.y)):
        assert (short == long.astype(np.float32)).all() and (short != long).any() and (again == long).all()
