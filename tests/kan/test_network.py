"""Splines, networks, training, pruning and tracing: tables and laws."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.interpolate import CubicSpline

from kansr.result.graph import Graph, NodeType

torch = pytest.importorskip("torch")

from kansr.kan import (  # noqa: E402
    KAN,
    B_batch,
    FitConfig,
    TrainConfig,
    coef2curve,
    curve2coef,
    extend_grid,
    fit_kan,
    grid_from_samples,
    importance,
    prune,
    prune_by_error,
    refine,
    trace,
    train,
)
from kansr.kan.network.spline import basis_and_slope, roughness  # noqa: E402
from kansr.kan.reading.importance import without  # noqa: E402
from kansr.kan.training.grids import fit_grids  # noqa: E402
from kansr.kan.training.initialise import additive_starts  # noqa: E402
from kansr.kan.training.jacobian import Linearised  # noqa: E402

WIDTHS = [([2, 1, 1], 2), ([3, 2, 1], 2), ([2, [1, 1], 1], 2), ([3, [0, 1], 1], [[], [3], []]), ([2, [2, 1], 2], 2)]


def uniform(rows: int, inputs: int, seed: int = 0, low: float = -1.0, high: float = 1.0) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(seed).uniform(low, high, (rows, inputs)))


def tutorial(X: torch.Tensor) -> torch.Tensor:
    return torch.exp(torch.sin(torch.pi * X[:, 0]) + X[:, 1] ** 2)


def uniform_knots(G: int, k: int) -> torch.Tensor:
    return extend_grid(torch.linspace(-1, 1, G + 1, dtype=torch.float64)[None], k)


@pytest.fixture(scope="module")
def fitted() -> tuple[KAN, torch.Tensor]:
    X = uniform(600, 2)
    return fit_kan(X, tutorial(X), [2, 1, 1])[0], X


# --- splines


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
    up, down = (basis_and_slope(x + s * h, knots, k, outside)[0] for s in (1, -1))
    assert basis_and_slope(x, knots, k, outside)[1].numpy() == pytest.approx((up - down).numpy() / (2 * h), abs=1e-6)


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


# --- the network


@pytest.mark.parametrize(("width", "arity"), WIDTHS)
def test_the_jacobian_is_that_of_automatic_differentiation(width: list, arity: object) -> None:
    X = uniform(30, width[0])
    model = KAN(width, 4, 3, seed=1, noise_scale=1.0, mult_arity=arity)
    f = Linearised([model], X)
    theta = f.theta()

    def output(theta: torch.Tensor) -> torch.Tensor:
        f.set(theta)
        return f.predict(X)

    trace_ = f.run()
    exact = f.jacobian(trace_)
    assert trace_.output[0].numpy() == pytest.approx(model(X).detach().numpy(), abs=1e-12)
    for column in range(0, f.size, 5):
        step = torch.zeros_like(theta)
        step[:, column] = 1e-6
        numeric = (output(theta + step) - output(theta - step)) / 2e-6
        assert exact[..., column].numpy() == pytest.approx(numeric.numpy(), abs=1e-6)


def test_the_same_seed_gives_the_same_weights_and_leaves_the_global_generator_alone() -> None:
    before = torch.random.get_rng_state()
    X = uniform(200, 2)
    a, b = (train(KAN([2, 2, 1], seed=3), X, tutorial(X), TrainConfig(steps=5))[0] for _ in range(2))
    assert all(torch.equal(p, q) for p, q in zip(a.state_dict().values(), b.state_dict().values()))
    c, d = (fit_kan(X, tutorial(X), [2, 2, 1], FitConfig(starts=2, grids=(4,)), seed=1)[0] for _ in range(2))
    assert all(torch.equal(p, q) for p, q in zip(c.state_dict().values(), d.state_dict().values()))
    assert torch.equal(before, torch.random.get_rng_state())


def test_calling_a_network_does_not_change_it() -> None:
    model = KAN([2, [1, 1], 1])
    before = {name: value.clone() for name, value in model.state_dict().items()}
    model(10 * uniform(50, 2))
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())


@pytest.mark.parametrize(("width", "arity"), WIDTHS)
@pytest.mark.parametrize("G", [5, 10, 12, 23])
def test_refining_keeps_the_function(width: list, arity: object, G: int) -> None:
    X = uniform(200, width[0], low=-1.2, high=1.2)
    model = KAN(width, 5, 3, seed=2, noise_scale=2.0, mult_arity=arity)
    finer = refine(model, G)
    before, after = model(X).detach(), finer(X).detach()
    assert finer.layers[0].G == G
    assert float((before - after).abs().max()) < 1e-12 * float(before.max() - before.min()) * (1 + G)
    finer.layers[0].coef.data.zero_()
    assert torch.equal(model(X).detach(), before)


# --- training


def test_the_grid_ladder_reaches_1e_7() -> None:
    X, X_test = uniform(1000, 2, seed=0), uniform(1000, 2, seed=100)
    config = FitConfig(starts=0, grids=(5, 10, 20, 50, 100), held_out=0.0, gain=0.0, goal=1e-12)
    y = tutorial(X)
    z = (y - y.mean()) / y.std()
    model = min(
        additive_starts(X, z[:, None], y, 5, 3, torch.ones(2)), key=lambda m: float((m(X)[:, 0] - z).detach().std())
    )
    for G in config.grids:
        fit_grids(model, X, G)
        train(model, X, z)
    error = (model(X_test).detach()[:, 0] * y.std() + y.mean() - tutorial(X_test)).square().mean().sqrt()
    assert float(error) < 1e-7


@pytest.mark.parametrize("opt", ["LBFGS", "Adam"])
def test_gradient_training_lowers_the_error(opt: str) -> None:
    X = uniform(200, 2)
    config = TrainConfig(opt=opt, steps=8, lr=1.0 if opt == "LBFGS" else 0.02, lamb=1e-4)
    _, history = train(KAN([2, 1, 1]), X, tutorial(X), config, held_out=(X, tutorial(X)))
    assert history.train[-1] < history.train[0]
    assert len(history.held_out) == len(history.regularisation) == 8


PRODUCTS = {
    "x*y": lambda X: X[:, 0] * X[:, 1],
    "(x**2 - 1)*sin(3*y)": lambda X: (X[:, 0] ** 2 - 1) * torch.sin(3 * X[:, 1]),
}


@pytest.mark.parametrize("text", PRODUCTS)
@pytest.mark.parametrize("scale", [1.0, 1e-25])
def test_products_that_change_sign_are_found(text: str, scale: float) -> None:
    X = uniform(800, 2, low=-1.5, high=1.5)
    model, error = fit_kan(X, scale * PRODUCTS[text](X), [2, [0, 1], 1])
    X_test = uniform(300, 2, seed=5, low=-1.5, high=1.5)
    truth = PRODUCTS[text](X_test)
    assert error < 1e-3
    assert float((model(X_test).detach()[:, 0] / scale - truth).square().mean().sqrt() / truth.std()) < 1e-3


AWKWARD = {
    "a constant input": lambda X: torch.cat([X[:, :1], torch.full_like(X[:, :1], 3.0)], 1),
    "twice the same input": lambda X: X[:, [0, 0]],
    "two values only": lambda X: torch.cat([X[:, :1], X[:, 1:].sign()], 1),
    "tiny and huge units": lambda X: X * X.new_tensor([1e-20, 1e20]),
    "a heavy tail": lambda X: torch.cat([X[:, :1], 1e-3 / X[:, 1:]], 1),
}


@pytest.mark.parametrize("case", AWKWARD)
@pytest.mark.parametrize("width", [[2, 1, 1], [2, [0, 1], 1], [2, 2, 1]])
def test_awkward_inputs_give_finite_answers(case: str, width: list) -> None:
    X = AWKWARD[case](uniform(150, 2))
    model, error = fit_kan(X, torch.sin(3 * X[:, 0]), width, FitConfig(starts=2, grids=(5, 10)))
    assert error < 0.1
    assert bool(model(X).isfinite().all())


def test_a_constant_target_is_fitted() -> None:
    X = uniform(50, 2)
    model, error = fit_kan(X, torch.full((50,), 2.5), [2, 1, 1])
    assert model(X).detach().numpy() == pytest.approx(2.5)


def test_training_stops_when_time_is_up() -> None:
    X = uniform(200, 2)
    for width in ([2, 2, 1], [2, 1, 1], [2, [0, 1], 1]):
        model, error = fit_kan(X, tutorial(X), width, expired=lambda: True)
        assert np.isfinite(error)


@pytest.mark.parametrize("rows", [3, 6, 12, 40])
def test_few_rows_are_enough_to_answer(rows: int) -> None:
    X = uniform(rows, 2)
    model, error = fit_kan(X, tutorial(X), [2, 2, 1])
    assert np.isfinite(error)
    assert bool(model(X).isfinite().all())


# --- pruning and tracing


def test_pruning_keeps_the_mean() -> None:
    X = uniform(300, 2)
    model = KAN([2, 2, 1], seed=4, noise_scale=1.0)
    smaller = without(model, X, [(0, 0, 1)])
    assert smaller is not None
    sums = [m.layers[0](X).detach() for m in (model, smaller)]
    assert sums[1].mean(0).numpy() == pytest.approx(sums[0].mean(0).numpy(), abs=1e-12)


@pytest.mark.parametrize(("width", "arity"), WIDTHS)
def test_pruning_an_edge_whose_output_is_constant_keeps_the_output(width: list, arity: object) -> None:
    X = uniform(100, width[0])
    model = KAN(width, seed=1, noise_scale=1.0, mult_arity=arity)
    with torch.no_grad():
        model.layers[0].scale_base[0, -1] = 0.0
        model.layers[0].coef[0, -1] = 0.7
    smaller, report = prune(model, X, 1e-9)
    assert ((0, 0, model.layers[0].out_dim - 1)) in [edge for edge, _ in report.edges]
    assert smaller(X).detach().numpy() == pytest.approx(model(X).detach().numpy(), abs=1e-9)


def test_an_irrelevant_input_is_pruned_and_a_path_always_stays() -> None:
    X = uniform(500, 3)
    model, _ = fit_kan(X, tutorial(X), [3, 1, 1], FitConfig(grids=(5, 10)))
    weights = importance(model, X).nodes[0]
    assert float(weights[2]) < 3e-3 < 0.1 < float(weights[:2].min())
    smaller, report = prune(model, X, 1e-2)
    assert [edge for edge, _ in report.edges] == [(0, 2, 0)]
    least, _ = prune(model, X, 1e9)
    assert float(least.layers[0].mask.sum()) == float(least.layers[1].mask.sum()) == 1.0


def test_an_irrelevant_input_that_cancels_in_the_output_is_pruned() -> None:
    X = uniform(400, 3)
    model = KAN([3, 2, 1], base_fun=lambda x: x, noise_scale=0.0)
    with torch.no_grad():
        model.layers[0].scale_base[2] = 1.0
        model.layers[1].scale_base[:, 0] = torch.tensor([1.0, -1.0])
    smaller, report = prune(model, X, 1e-6)
    assert [edge for edge, _ in report.edges] == [(0, 2, 0), (0, 2, 1)]
    assert smaller(X).detach().numpy() == pytest.approx(model(X).detach().numpy(), abs=1e-12)


def test_pruning_by_error_keeps_what_is_needed() -> None:
    X = uniform(500, 3)
    y = tutorial(X)[:, None]
    model, _ = fit_kan(X, y, [3, 2, 1], FitConfig(grids=(5,)))
    X_held = uniform(500, 3, seed=1)

    def error(model: KAN) -> float:
        return float((model(X_held)[:, 0] - tutorial(X_held)).detach().square().mean().sqrt())

    held = X_held, tutorial(X_held)
    smaller, report = prune_by_error(model, X, error, worse=0.05, retrain=lambda m: train(m, X, y, held_out=held))
    assert error(smaller) <= 1.05 * error(model)
    assert (0, 2, 0) in [edge for edge, _ in report.edges]


def evaluate(graph: Graph, X: np.ndarray) -> np.ndarray:
    values = dict(zip(graph.inputs, X.T))
    for node in graph.nodes:
        if node.type is not NodeType.INPUT:
            edges = [graph.edges[i] for i in graph.into(node.name)]
            terms = [CubicSpline(e.x, e.y)(values[e.source]) for e in edges]
            values[node.name] = node.type.array(terms)
    return values[graph.nodes[-1].name]


@pytest.mark.parametrize(("width", "arity"), WIDTHS[:4])
@pytest.mark.parametrize("threshold", [0.0, 0.3])
def test_a_graph_gives_what_the_network_gives(width: list, arity: object, threshold: float) -> None:
    X = uniform(400, width[0], seed=3)
    model, _ = prune(KAN(width, seed=5, noise_scale=1.0, mult_arity=arity), X, threshold)
    with torch.no_grad():
        model.layers[0].bias += 0.3
        model.layers[1].bias -= 0.7
        truth = model(X)[:, 0].numpy()
    graph = trace(model, X, [f"x{i}" for i in range(width[0])], "z")
    assert graph.nodes[-1].name == "z"
    assert evaluate(graph, X.numpy()) == pytest.approx(truth, abs=1e-4 * np.ptp(truth))
    assert all(np.all(np.diff(e.x) > 0) and 0 <= e.importance <= 1 for e in graph.edges)


def test_the_error_of_a_graph_is_shared_out_to_its_edges(fitted: tuple[KAN, torch.Tensor]) -> None:
    model, X = fitted
    graph = trace(model, X, ["a", "b"], "y", error=1e-3)
    outer = graph.edges[-1]
    assert (outer.source, outer.target) == ("h1_1", "y")
    assert outer.error == pytest.approx(1e-3 * float(model(X).detach().std()))
    assert graph.origin == "kan [2, 1, 1]"
    assert [(e.source, e.target) for e in graph.edges[:2]] == [("a", "h1_1"), ("b", "h1_1")]
