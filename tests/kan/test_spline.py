"""B-splines: knots, basis functions, least-squares fits, roughness, derivatives."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from support.networks import uniform_knots

from kansr.kan import KAN, B_batch, coef2curve, curve2coef, grid_from_samples
from kansr.kan.network.spline import nonzero_basis, roughness


def test_knots_and_basis_have_the_reference_values() -> None:
    knots = uniform_knots(5, 3)
    assert knots[0].numpy() == pytest.approx(np.arange(-2.2, 2.3, 0.4))
    basis = B_batch(torch.tensor([[-1.0]]), knots, 3)
    assert basis[0, 0].numpy() == pytest.approx([1 / 6, 2 / 3, 1 / 6, 0, 0, 0, 0, 0], abs=1e-15)


@given(k=st.integers(0, 6), G=st.integers(1, 40), seed=st.integers(0, 99), grid_eps=st.sampled_from([0.0, 0.5, 1.0]))
@settings(max_examples=40, deadline=None)
def test_the_basis_sums_to_one_and_is_not_negative(k: int, G: int, seed: int, grid_eps: float) -> None:
    x = torch.from_numpy(np.random.default_rng(seed).normal(size=(200, 2)))
    basis = B_batch(x, grid_from_samples(x, G, k, grid_eps), k)
    assert float((basis.sum(2) - 1).abs().max()) < 3e-15
    assert float(basis.min()) > -1e-15
    assert int((basis != 0).sum(2).max()) <= k + 1


@pytest.mark.parametrize("outside", ["polynomial", "linear"])
@pytest.mark.parametrize("k", [1, 2, 3, 5])
def test_slopes_are_those_of_the_values(k: int, outside: str) -> None:
    x, h = torch.linspace(-1.3, 1.31, 57, dtype=torch.float64)[:, None], 1e-6
    knots = uniform_knots(5, k)
    up, down = (B_batch(x + s * h, knots, k, outside) for s in (1, -1))
    first, _, slope = nonzero_basis(x, knots, k, outside)
    slopes = torch.zeros_like(up).scatter(2, first[..., None] + torch.arange(k + 1), slope)
    assert slopes.numpy() == pytest.approx((up - down).numpy() / (2 * h), abs=1e-6)


def test_outside_the_grid_a_curve_goes_on() -> None:
    x = torch.linspace(-1, 1, 50, dtype=torch.float64)[:, None]
    knots, far = uniform_knots(4, 3), torch.tensor([[-2.0], [3.0]])
    coef = curve2coef(x, (x**3 - x)[..., None], knots, 3)
    assert coef2curve(far, knots, coef, 3).flatten().tolist() == pytest.approx([-6.0, 24.0])
    assert coef2curve(far, knots, coef, 3, "linear").flatten().tolist() == pytest.approx([-2.0, 4.0])


@given(G=st.integers(1, 30), k=st.integers(1, 5), seed=st.integers(0, 99))
@settings(max_examples=25, deadline=None)
def test_coefficients_come_back_from_their_curve(G: int, k: int, seed: int) -> None:
    coef = torch.from_numpy(np.random.default_rng(seed).normal(size=(1, 2, G + k)))
    x = torch.linspace(-1, 1, 500, dtype=torch.float64)[:, None]
    knots = uniform_knots(G, k)
    again = curve2coef(x, coef2curve(x, knots, coef, k), knots, k)
    assert again.numpy() == pytest.approx(coef.numpy(), abs=1e-8)


@pytest.mark.parametrize("grid_eps", [0.0, 0.5, 1.0])
@pytest.mark.parametrize(("k", "more"), [(0, 0), (1, 0), (2, 1), (3, 0), (3, 2)])
def test_a_polynomial_is_not_rough(grid_eps: float, k: int, more: int) -> None:
    x = torch.from_numpy(np.random.default_rng(1).normal(size=(500, 1)))
    knots = grid_from_samples(x, 9, k, grid_eps)
    power = torch.from_numpy(np.random.default_rng(2).normal(size=k + 1))
    y = sum(c * x**n for n, c in enumerate(power))
    rows = roughness(knots, k, more)
    smooth, bent = (curve2coef(x, values[..., None], knots, k)[0, 0] for values in (y, y + x.abs()))
    assert float((rows[0] @ smooth).abs().max()) < 1e-8
    assert float((rows[0] @ bent).abs().max()) > 1e-2
    if grid_eps == 1:
        assert rows[0].numpy() == pytest.approx(np.diff(np.eye(9 + k), n=k + 1 + more, axis=0))


@pytest.mark.parametrize("value", [0.0, 3.0, -1e20, 1e-30])
def test_a_constant_input_gets_a_grid_with_width(value: float) -> None:
    knots = grid_from_samples(torch.full((20, 1), value, dtype=torch.float64), 5, 3, 0.0)
    assert bool((knots.diff(dim=1) > 0).all())


def test_quantile_grids_survive_repeated_values() -> None:
    x = torch.tensor([0.0] * 90 + [1.0] * 10, dtype=torch.float64)[:, None]
    assert bool((grid_from_samples(x, 5, 3, 0.0).diff(dim=1) > 0).all())


@pytest.mark.parametrize("grid_eps", [1.0, 0.5])
def test_splines_are_differentiated_twice(grid_eps: float) -> None:
    x = torch.randn(400, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    model = KAN([2, 3, 1], grid=8, noise_scale=1.0, grid_eps=grid_eps)
    model.update_grid_from_samples(x)

    def slope(at: torch.Tensor) -> torch.Tensor:
        at = at.clone().requires_grad_()
        return torch.autograd.grad(model(at).sum(), at, create_graph=True)[0]

    at, h = x[:20].clone().requires_grad_(), 1e-6
    (first,) = torch.autograd.grad(model(at).sum(), at, create_graph=True)
    (second,) = torch.autograd.grad(first[:, 0].sum(), at)
    step = torch.tensor([h, 0.0], dtype=torch.float64)
    with torch.no_grad():
        numeric = (model(x[:20] + step) - model(x[:20] - step))[:, 0] / (2 * h)
    assert first[:, 0].detach().numpy() == pytest.approx(numeric.numpy(), rel=1e-5, abs=1e-6)
    numeric = (slope(x[:20] + step) - slope(x[:20] - step))[:, 0].detach() / (2 * h)
    assert second[:, 0].numpy() == pytest.approx(numeric.numpy(), rel=1e-4, abs=1e-4)
    (by_coef,) = torch.autograd.grad(model(x).square().mean(), model.act_fun[0].coef, create_graph=True)
    by_coef.square().sum().backward()
    assert bool(model.act_fun[1].coef.grad.isfinite().all())
