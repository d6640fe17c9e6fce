"""Forms that the user knows: fitted from anywhere, with errors, and told what they are worth beside other formulas."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial

import numpy as np
import pytest
import sympy
from support.command import CANDIDATE_KEYS, KEYS, REAL, call
from support.paths import KEPLER

import kansr
from kansr.data.dataset import Dataset
from kansr.errors import FormulaError, KansrError, UsageError
from kansr.expression.evaluate import Tape
from kansr.expression.parse import parse
from kansr.formula.fit.form import fit_form, read_form
from kansr.pipeline.config import Config
from kansr.pipeline.forms.compare_form import compare_form
from kansr.pipeline.journal import Journal
from kansr.pipeline.partition import on_partition
from kansr.result.result import Result


def rows(
    form: str,
    low: float = 0.5,
    high: float = 3.0,
    noise: float = 0.0,
    seed: int = 0,
    names: tuple[str, ...] = ("x", "y"),
) -> Dataset:
    rng = np.random.default_rng(seed)
    X = rng.uniform(low, high, (300, len(names)))
    y = Tape(parse(form), names).value(X)
    return Dataset(X, y + noise * np.std(y) * rng.normal(size=300), names, "t")


def compared(data: Dataset, form: str, seconds: float) -> Iterator[Result]:
    return on_partition(partial(compare_form, form, ()), data, Config(time_limit=seconds), Journal())


# form, the law of the rows, the range of the inputs -> the constants
FORMS = [
    ("a*exp(b*x) + c", "2*exp(-1.5*x) + 1", (0.5, 3), {"a": 2, "b": -1.5, "c": 1}),
    ("Vmax*x/(Km + x)", "5e6*x/(3e4 + x)", (1e3, 1e5), {"Km": 3e4, "Vmax": 5e6}),
    ("k*x**p*y**q", "3*x**1.37*y**(-0.6)", (0.5, 3), {"k": 3, "p": 1.37, "q": -0.6}),
    ("a*exp(-((x - m)/s)**2/2) + b", "3*exp(-((x - 200)/5)**2/2) + 1", (180, 220), {"a": 3, "b": 1, "m": 200, "s": 5}),
    ("1.5*x + 0.4*sin(2.2*x)", "1.7*x + 0.5*sin(2.4*x)", (0.5, 3), {"c1": 1.7}),
    ("2*x + a*x", "5*x", (0.5, 3), {"a": 3}),
    ("a*x + b*y + c", "1e-9*x - 4e9*y", (0.5, 3), {"b": -4e9}),
]


@pytest.mark.parametrize(("form", "law", "span", "constants"), FORMS, ids=[row[0] for row in FORMS])
def test_constants_are_found_from_anywhere(
    form: str, law: str, span: tuple[float, float], constants: dict[str, float]
) -> None:
    data = rows(law, *span)
    fitted = fit_form(read_form(form, data), data)
    found = dict(zip(map(str, fitted.form.constants), fitted.values))
    assert fitted.rms < 1e-9 * np.std(data.y) and not fitted.undetermined
    assert {name: found[name] for name in constants} == pytest.approx(constants, rel=1e-6)
    assert np.allclose(Tape(fitted.expr, data.names).value(data.X), data.y, rtol=1e-6)


def test_errors_cover_the_truth_as_often_as_they_say() -> None:
    truth, inside = np.array([2.0, -1.5, 1.0]), []
    for seed in range(20):
        data = rows("2*exp(-1.5*x) + 1", noise=0.02, seed=seed)
        fitted = fit_form(read_form("a*exp(b*x) + c", data), data)
        inside += list(np.abs(fitted.values - truth) < 2 * fitted.errors)
    assert 0.88 < np.mean(inside) <= 1


def test_constants_that_only_count_together_are_said_to() -> None:
    data = rows("6*x + 1")
    fitted = fit_form(read_form("a*b*x + c", data), data)
    assert fitted.undetermined == ("a", "b")
    assert np.isinf(fitted.errors).tolist() == [True, True, False]
    assert np.prod(fitted.values[:2]) == pytest.approx(6)


REFUSED = [
    ("a + b", "uses none of the inputs (x, y)"),
    ("t*x", "uses 't', which is the target"),
    ("x + k", "uses the column 'k', which is not an input here"),
    ("2*x", "nothing to fit"),
    ("a*sqrt(-x)", "no finite value on some rows"),
    ("a*(x", "never closed"),
    ("__import__('os')", "unexpected"),
    ("", "empty"),
    ("a.__class__*x", "unexpected"),
    ("9**9**9**9*x", "exponent"),
]


@pytest.mark.parametrize(("form", "words"), REFUSED)
def test_forms_that_cannot_be_fitted_are_refused(form: str, words: str) -> None:
    data = rows("x + y")
    with pytest.raises(KansrError) as caught:
        fit_form(read_form(form, data, ("x", "y", "k", "t")), data)
    assert words in str(caught.value) and isinstance(caught.value, UsageError | FormulaError)


def test_what_a_missing_term_would_save() -> None:
    data = rows("2*exp(-1.5*x) + 1 + 0.3*y**2", noise=1e-3)
    told = compared(data, "a*exp(b*x) + c", 60)
    first, with_terms = next(told), next(told)
    assert first.verdict is not None and first.verdict.terms == ()
    assert with_terms.verdict is not None
    term, bits = with_terms.verdict.terms[0]
    assert bits > 100 and {str(s) for s in term.free_symbols} == {"y"}
    assert with_terms.best.origin.startswith("form")


def test_the_form_stays_the_best_of_its_discovery_and_says_by_how_much_it_lost() -> None:
    data = rows("3*x**2*y", 1, 2)
    found = kansr.refine((data.X, data.y), "a*x0 + b*x1", time_limit=6)
    assert found.status.value == "best_effort"
    assert {str(s) for s in found.best.expr.free_symbols} == {"x0", "x1"} and found.best in found.front.candidates
    verdict = found.verdict
    assert verdict is not None and verdict.found is not None
    assert verdict.found.expr == 3 * sympy.Symbol("x0") ** 2 * sympy.Symbol("x1")
    assert verdict.bits(found.best) < -100  # type: ignore[operator]
    assert "a search in the same time found, " in str(found) and "bits shorter: 3*x0**2*x1" in str(found)
    assert found.predict([[1.0, 2.0]]) == pytest.approx(Tape(found.best.expr, ("x0", "x1")).value(np.array([[1, 2.0]])))


def test_a_right_form_is_snapped() -> None:
    data = rows("2*exp(-1.5*x) + 1")
    first = next(compared(data, "a*exp(b*x) + c", 10))
    assert first.best.expr == parse("2*exp(-3*x/2) + 1") and first.status.value == "found"
    assert first.best.origin == "form, simplified"


def test_a_form_that_the_search_finds_too_is_on_the_front_once() -> None:
    data = rows("2.37*x**2*y", noise=0.01)
    found = kansr.refine((data.X, data.y), "a*x0**2*x1", time_limit=20)
    assert found.verdict is not None and found.verdict.bits(found.best) == pytest.approx(0, abs=0.5)
    assert [c.complexity for c in found.front].count(found.best.complexity) == 1 and found.best in tuple(found.front)


def test_kansr_refine_is_a_function_and_a_package() -> None:
    import kansr.formula.fit.constants

    assert callable(kansr.refine) and kansr.formula.fit.constants.fit_constants is not None


def test_the_command_prints_the_form_and_its_json() -> None:
    done = call("refine", KEPLER, "--expr", "k*semi_major_axis_au**p", "--time-limit", 8, "--json", program=REAL)
    found = json.loads(done.stdout)
    assert done.returncode == 0 and set(found) == KEYS | {"form"}
    assert found["best"]["expression"] == "semi_major_axis_au**(3/2)"
    form = found["form"]
    assert [c["name"] for c in form["constants"]] == ["k", "p"]
    assert form["constants"][1]["value"] == pytest.approx(1.5, abs=1e-3)
    assert set(form["fitted"]) == CANDIDATE_KEYS and form["text"] == "k*semi_major_axis_au**p"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "Missing option"),
        (("--expr", "k*nonsense(x)"), "no function 'nonsense'"),
        (("--expr", "a*b"), "none of the inputs"),
        (("--expr", "a*semi_major_axis_au", "--time-limit", "0"), "--time-limit"),
    ],
)
def test_the_command_refuses_in_a_sentence(arguments: tuple[str, ...], words: str) -> None:
    done = call("refine", KEPLER, *arguments, program=REAL)
    assert done.returncode == 2 and words in done.stderr and "Traceback" not in done.stderr and done.stdout == ""
