"""The Jacobian of networks by their parameters, beside differences."""

from __future__ import annotations

import pytest
import torch
from support.networks import WIDTHS, law_rows, uniform

from kansr.kan import KAN, refine
from kansr.kan.reading.symbolic import fix
from kansr.kan.training.jacobian import Linearised
from kansr.symbolic.library.standard import STANDARD
from kansr.symbolic.matching.match import EdgeFit


@pytest.mark.parametrize(("width", "arity"), WIDTHS)
def test_the_jacobian_is_that_of_automatic_differentiation(width: list, arity: object) -> None:
    X = uniform(30, width[0])
    model = KAN(width, 4, 3, seed=1, noise_scale=1.0, mult_arity=arity)
    f = Linearised([model], X)
    theta = f.theta()

    def output(theta: torch.Tensor) -> torch.Tensor:
        f.set(theta)
        return f.predict(X)

    forward = f.forward()
    exact = f.jacobian(forward)
    assert forward.output[0].numpy() == pytest.approx(model(X).detach().numpy(), abs=1e-12)
    for column in range(0, f.size, 5):
        step = torch.zeros_like(theta)
        step[:, column] = 1e-6
        numeric = (output(theta + step) - output(theta - step)) / 2e-6
        assert exact[..., column].numpy() == pytest.approx(numeric.numpy(), abs=1e-6)


@pytest.mark.parametrize("fixed", [[], [(0, 0, 0)], [(1, 0, 0)], [(0, 1, 0), (1, 1, 0)]])
@pytest.mark.parametrize("name", ["sin", "x", "exp", "gaussian"])
def test_fixed_edges_have_their_columns_in_the_jacobian(fixed: list, name: str) -> None:
    model = KAN([2, [1, 1], 1], 4, 3, seed=1, noise_scale=1.0)
    for place in fixed:
        fix(model, place, EdgeFit(STANDARD[name], 1.2, 0.3, 0.7, 0.1, 1.0))
    X = 2 * torch.rand(30, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0)) - 1
    f = Linearised([model], X)
    theta, forward = f.theta(), f.forward()
    exact = f.jacobian(forward)
    assert forward.output[0].numpy() == pytest.approx(model(X).detach().numpy(), abs=1e-12)
    for column in range(f.size):
        step = torch.zeros_like(theta)
        step[:, column] = 1e-6
        numeric = []
        for sign in (1, -1):
            f.set(theta + sign * step)
            numeric.append(f.predict(X))
        slope = (numeric[0] - numeric[1]) / 2e-6
        assert exact[..., column].numpy() == pytest.approx(slope.numpy(), abs=1e-6)


@pytest.mark.parametrize("width", [[2, 2, 1], [2, [1, 1], 1], [2, 1, 2]])
def test_leaving_out_zeros_gives_the_same_normal_equations(width: list) -> None:
    rows = law_rows(60)
    f = Linearised([refine(KAN(width, seed=s, noise_scale=1.0), 40) for s in (1, 2)], rows.X, torch.rand(60).double())
    forward = f.forward()
    residual = torch.randn_like(forward.output)
    assert f.sparse
    sparse = f.normal_equations(forward, residual)
    f.sparse = False
    for a, b in zip(sparse, f.normal_equations(forward, residual)):
        assert a.numpy() == pytest.approx(b.numpy(), rel=1e-10, abs=1e-10)
