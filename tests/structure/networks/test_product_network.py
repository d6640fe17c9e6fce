"""The network of a sum and products of curves computes what it is said to, and grows without changing."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from kansr.structure.networks.product_network import product_network, sizes_of_other_factors, with_one_more


@pytest.mark.parametrize("products", [0, 1, 3])
def test_its_value_is_the_sum_beside_the_products(products: int) -> None:
    X = torch.rand(50, 3, dtype=torch.float64)
    model = product_network(X, products, 5)
    first = model.layers[0]
    with torch.no_grad():
        first.coef.normal_(generator=torch.Generator().manual_seed(0))
        curves = first.activations(X)
        expected = curves[:, :, 0].sum(1)
        for k in range(products):
            expected += torch.stack([curves[:, i, 1 + 3 * k + i] for i in range(3)]).prod(0)
        assert torch.allclose(model(X)[:, 0], expected)


def test_one_more_product_leaves_the_others_as_they_are() -> None:
    X = torch.rand(50, 2, dtype=torch.float64)
    generator = torch.Generator().manual_seed(1)
    model = with_one_more(product_network(X, 0, 5), X, generator)
    larger = with_one_more(model, X, generator)
    with torch.no_grad():
        added = larger.layers[0](X)[:, 3:].prod(1)
        assert torch.allclose(larger(X)[:, 0], model(X)[:, 0] + added)
    again = with_one_more(product_network(X, 0, 5), X, torch.Generator().manual_seed(1))
    assert torch.equal(again.layers[0].coef, model.layers[0].coef)


def test_the_size_of_the_other_factors_is_how_far_the_output_moves() -> None:
    X = torch.rand(200, 2, dtype=torch.float64)
    model = with_one_more(product_network(X, 0, 5), X, torch.Generator().manual_seed(2))
    sizes, step = sizes_of_other_factors(model, X), 1e-6
    with torch.no_grad():
        for column, size in enumerate(sizes):
            moved = model.copy()
            moved.layers[0].bias[column] += step
            change = (moved(X) - model(X)).square().mean().sqrt() / step
            assert float(change) == pytest.approx(size, rel=1e-5)
    assert np.isclose(sizes[0], 1.0)
