"""What a field may look like, and what is said of one that cannot be used."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from support.fields import Arrays, diffusing, spreading

from kansr.errors import DataError, KansrError, UsageError
from kansr.pipeline.fields.field import Field, field_of

GOOD = diffusing(60, 70)


def read(arrays: Arrays, space: str = "x", time: str = "t", target: str = "u") -> tuple[Field, tuple[str, ...]]:
    return field_of(arrays, time, tuple(space.split(",")), target, "f.npz")


def put(name: str, place: tuple[int, ...], value: float) -> Callable[[Arrays], Arrays]:
    def changed(arrays: Arrays) -> Arrays:
        values = arrays[name].copy()
        values[place] = value
        return {**arrays, name: values}

    return changed


def given(name: str, make: Callable[[np.ndarray], np.ndarray]) -> Callable[[Arrays], Arrays]:
    return lambda arrays: {**arrays, name: make(arrays[name])}


BAD = {
    "no target": (lambda a: {"t": a["t"], "x": a["x"]}, "holds no array 'u', but 't', 'x'"),
    "nan": (put("u", (3, 4), np.nan), "'u' is not finite at [3, 4]"),
    "infinite time": (put("t", (59,), np.inf), "'t' is not finite at [59]"),
    "complex": (given("u", lambda u: u + 0j), "complex"),
    "text": (given("u", lambda u: u.astype(str)), "holds no numbers"),
    "yes and no": (given("u", lambda u: u > 0), "holds no numbers, but bool"),
    "huge": (given("u", lambda u: u * 1e200), "above 1e+60"),
    "two dimensions": (given("x", lambda x: np.stack([x, x])), "must have one dimension, not the shape (2, 70)"),
    "wrong shape": (given("u", lambda u: u[:-1]), "'u' has the shape (59, 70), and (60, 70) is needed for (t, x)"),
    "few points": (lambda a: {"t": a["t"][:9], "x": a["x"], "u": a["u"][:9]}, "'t' has 9 points, and at least 32"),
    "falling": (given("t", lambda t: t[::-1]), "'t' must rise, but does not at [1]"),
    "twice the same": (put("x", (5,), GOOD["x"][4]), "'x' must rise, but does not at [5]"),
    "uneven": (given("x", lambda x: np.exp(x)), "'x' is not evenly spaced"),
    "constant": (given("u", np.ones_like), "the same number everywhere"),
    "small grid": (lambda a: {"t": a["t"][:40], "x": a["x"][:40], "u": a["u"][:40, :40]}, "has 40 × 40 points"),
}


@pytest.mark.parametrize(("change", "words"), BAD.values(), ids=BAD)
def test_a_field_that_cannot_be_used_is_refused_in_a_sentence(change: Callable[[Arrays], Arrays], words: str) -> None:
    with pytest.raises(DataError) as caught:
        read(change(GOOD))
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


NAMES = {
    "twice": ({"space": "t"}, "'t' is named twice"),
    "three axes": ({"space": "x,y,z"}, "one or two arrays"),
    "no identifier": ({"target": "u 1"}, "not a name of the formula language"),
    "a function": ({"time": "exp"}, "not a name of the formula language"),
}


@pytest.mark.parametrize(("names", "words"), NAMES.values(), ids=NAMES)
def test_names_that_do_not_fit_are_refused(names: dict[str, str], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        read(GOOD, **names)


def test_the_order_of_axes_is_told_by_their_lengths() -> None:
    field, notes = read({**GOOD, "u": GOOD["u"].T})
    np.testing.assert_array_equal(field.values, GOOD["u"])
    assert notes == ("'u' came as (x, t) and is transposed to (t, x)",)
    assert read(GOOD)[1] == ()


def test_axes_of_equal_length_are_taken_in_the_order_of_the_options_and_that_is_said() -> None:
    square = diffusing(64, 64)
    field, notes = read(square)
    np.testing.assert_array_equal(field.values, square["u"])
    assert notes == ("axes of 'u' have equal lengths: they are taken to be (t, x)",)


def test_an_order_that_lengths_do_not_tell_is_refused() -> None:
    plane = spreading(56, 40)
    plane = {**plane, "y": plane["x"], "u": plane["u"][:, :, :40]}
    assert read(plane, "x,y")[0].values.shape == (56, 40, 40)
    with pytest.raises(KansrError, match="does not tell its axes apart"):
        read({**plane, "u": np.moveaxis(plane["u"], 0, 2)}, "x,y")


def test_coordinates_with_few_digits_are_even() -> None:
    field, _ = read({**GOOD, "x": np.round(GOOD["x"], 5)})
    assert field.steps == pytest.approx((GOOD["t"][1], GOOD["x"][1]), rel=1e-4)
