"""Datasets: how rows are drawn, and which are refused."""

from __future__ import annotations

import pytest
import torch
from support.networks import law, tutorial

from kansr.errors import UsageError
from kansr.kan import KAN, create_dataset


def test_a_dataset_is_drawn_from_its_own_generator() -> None:
    state = torch.random.get_rng_state()
    dataset = create_dataset(tutorial, 2, ranges=[[0, 1], [2, 3]], train_num=50, normalize_label=True, seed=4)
    assert torch.equal(state, torch.random.get_rng_state())
    assert dataset["train_input"].dtype == torch.float64 and dataset["train_label"].shape == (50, 1)
    assert float(dataset["train_input"][:, 1].min()) >= 2
    assert float(dataset["train_label"].mean()) == pytest.approx(0, abs=1e-12)


def spoil(name: str, value: object) -> dict:
    dataset = create_dataset(law, 2, train_num=30)
    return dict(dataset, **{name: value})


NAN = torch.ones(30, 2).double()
NAN[3, 1] = float("nan")


REFUSED = {
    "no label": (lambda: {"train_input": torch.ones(3, 2)}, "train_label"),
    "not a number": (lambda: spoil("train_input", NAN), "row 3, column 1"),
    "too few labels": (lambda: spoil("train_label", torch.ones(29, 1)), "of the same length"),
    "too many columns": (lambda: spoil("train_input", torch.ones(30, 3)), "takes 2 inputs"),
    "negative weights": (lambda: spoil("train_weight", -torch.ones(30)), "none negative"),
    "weights of another length": (lambda: spoil("train_weight", torch.ones(29)), "30 numbers"),
    "no rows": (lambda: {"train_input": torch.ones(0, 2), "train_label": torch.ones(0, 1)}, "train_input"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_rows_that_do_not_fit_are_refused(case: str) -> None:
    make, words = REFUSED[case]
    with pytest.raises(UsageError, match=words):
        KAN([2, 1, 1]).fit(make(), steps=2)
