"""Which constants are shared: description length finds it out, in rows without noise and with it."""

from __future__ import annotations

import numpy as np
import pytest
import sympy

from kansr.data.dataset import Dataset
from kansr.data.grouping import Grouping
from kansr.expression.parse import parse
from kansr.formula.fit.by_group import GroupFit
from kansr.search.groups.collection import Collection
from kansr.search.groups.length import formula_bits
from kansr.search.groups.templates import own_names, templates


def never() -> bool:
    return False


def rows(law: str, own: dict[str, np.ndarray], noise: float, per_group: int = 20) -> Dataset:
    """Rows of a law in x whose constants differ by group as given."""
    rng = np.random.default_rng(3)
    groups = len(next(iter(own.values())))
    codes = np.repeat(np.arange(groups), per_group)
    x = rng.uniform(0.2, 4, len(codes))
    value = sympy.lambdify(["x", *own], parse(law))
    y = value(x, *(values[codes] for values in own.values()))
    y = y + noise * np.sqrt(np.mean(y**2)) * rng.normal(size=len(y))
    return Dataset(x[:, None], y, ("x",), grouping=Grouping("g", tuple(map(str, range(groups))), codes))


SPREAD = np.linspace(0.6, 1.4, 10)
# The law, the constants that differ, and a formula of one group that the search starts from.
LAWS = [
    ("A*exp(-0.7*x)", {"A": SPREAD}, "1.1*exp(-0.5*x)", ("A",)),
    ("2.5*exp(-b*x)", {"b": SPREAD}, "1.1*exp(-0.5*x)", ("b",)),
    ("a + b*x - 0.905*x**2", {"a": 3 * SPREAD, "b": SPREAD[::-1]}, "1.1 + 0.7*x - 0.6*x**2", ("a", "b")),
    ("1.75*x + 0.25", {"none": SPREAD}, "1.1*x + 0.7", ()),
]


@pytest.mark.parametrize("noise", [0.0, 0.03])
@pytest.mark.parametrize(("law", "own", "start", "differ"), LAWS)
def test_constants_are_shared_where_they_are(
    law: str, own: dict[str, np.ndarray], start: str, differ: tuple[str, ...], noise: float
) -> None:
    data = rows(law, own, noise)
    collection = Collection(data, never)
    collection.offer([parse(start)], "test")
    best = collection.best
    assert best is not None and best.shared is not None
    assert len(best.shared.own) == len(differ)
    assert best.shared.rms <= 1.1 * noise * float(np.sqrt(np.mean(data.y**2))) + 1e-9
    assert collection.exact() == (not noise)


def test_a_snapped_number_is_freed() -> None:
    data = rows("A*exp(-0.7*x)", {"A": SPREAD}, 0.0)
    exprs = [form.expr for form in templates(parse("exp(-0.7*x)"), data)]
    assert parse("k1*exp(k0*x)") in exprs


def test_equal_numbers_are_freed_apart() -> None:
    data = rows("A*exp(-0.7*x)", {"A": SPREAD}, 0.0)
    exprs = [form.expr for form in templates(parse("2*x**2 + 2*x + 2"), data)]
    assert parse("k2*x**2 + k1*x + k0") in exprs


def test_a_form_may_have_equal_constants_in_one_group() -> None:
    data = rows("A*exp(-0.7*x) + 1", {"A": SPREAD}, 0.0)
    collection = Collection(data, never)
    collection.offer_form([parse("2.5*exp(-1.5*x) + 1.1"), parse("2.5*exp(-2.5*x) + 1.1")], "form")
    assert collection.exact() and collection.best is not None
    assert collection.best.free.expr == parse("k2*exp(k1*x) + k0")


def test_a_form_may_have_many_constants() -> None:
    data = rows("A*exp(-0.7*x)", {"A": SPREAD}, 0.1)
    text = " + ".join(f"{i + 1.3}*cos({i + 0.4}*x)" for i in range(5))
    collection = Collection(data, lambda: True)
    collection.offer([parse(text)], "test")
    assert not collection.forms
    collection.offer_form([parse(text)], "form")
    assert [len(form.free.own) for form in collection.forms.values()] == [10]


def test_constants_have_names_that_are_free() -> None:
    assert list(map(str, own_names(3, ("k1", "x")))) == ["k0", "k2", "k3"]


def test_the_price_of_a_constant_of_the_groups_rises_with_the_groups() -> None:
    from_few, from_many = (_own_bits(groups) for groups in (2, 10))
    assert from_many > from_few > 0


def _own_bits(groups: int) -> float:
    data = rows("A*x", {"A": np.ones(groups)}, 0.1)
    k = sympy.Symbol("k0")
    of_groups = GroupFit(k * sympy.Symbol("x"), (k,), np.ones((groups, 1)))
    shared = GroupFit(sympy.Float(1.2345678901) * sympy.Symbol("x"), (), np.ones((groups, 0)))
    return formula_bits(of_groups, data, 0.1) - formula_bits(shared, data, 0.1)
