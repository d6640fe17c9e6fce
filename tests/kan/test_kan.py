"""The network as the tutorials use it: trained, pruned, read as a formula, drawn and kept."""

from __future__ import annotations

import numpy as np
import pytest
import sympy

torch = pytest.importorskip("torch")

from kansr.errors import UsageError  # noqa: E402
from kansr.kan import KAN, Function, create_dataset, fit_kan  # noqa: E402
from kansr.kan.reading.symbolic import fix  # noqa: E402
from kansr.kan.training.jacobian import Linearised  # noqa: E402
from kansr.symbolic.library.standard import STANDARD  # noqa: E402
from kansr.symbolic.matching.match import EdgeFit  # noqa: E402


def tutorial(x: torch.Tensor) -> torch.Tensor:
    return torch.exp(torch.sin(torch.pi * x[:, [0]]) + x[:, [1]] ** 2)


def fixed_network() -> KAN:
    """exp(sin(pi x) + y**2) with all edges fixed."""
    model = KAN([2, 1, 1], base_fun="zero")
    for place, name, constants in (
        ((0, 0, 0), "sin", (3.0, 0.1, 0.9, 0.0)),
        ((0, 1, 0), "x^2", (1.0, 0.05, 1.1, 0.0)),
        ((1, 0, 0), "exp", (1.0, 0.0, 1.0, 0.0)),
    ):
        fix(model, place, EdgeFit(STANDARD[name], *constants, 1.0))
    return model


@pytest.mark.parametrize("fixed", [[], [(0, 0, 0)], [(1, 0, 0)], [(0, 1, 0), (1, 1, 0)]])
@pytest.mark.parametrize("name", ["sin", "x", "exp", "gaussian"])
def test_fixed_edges_have_their_columns_in_the_jacobian(fixed: list, name: str) -> None:
    model = KAN([2, [1, 1], 1], 4, 3, seed=1, noise_scale=1.0)
    for place in fixed:
        fix(model, place, EdgeFit(STANDARD[name], 1.2, 0.3, 0.7, 0.1, 1.0))
    X = 2 * torch.rand(30, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0)) - 1
    f = Linearised([model], X)
    theta, trace = f.theta(), f.run()
    exact = f.jacobian(trace)
    assert trace.output[0].numpy() == pytest.approx(model(X).detach().numpy(), abs=1e-12)
    for column in range(f.size):
        step = torch.zeros_like(theta)
        step[:, column] = 1e-6
        numeric = []
        for sign in (1, -1):
            f.set(theta + sign * step)
            numeric.append(f.predict(X))
        slope = (numeric[0] - numeric[1]) / 2e-6
        assert exact[..., column].numpy() == pytest.approx(slope.numpy(), abs=1e-6)


def test_fixed_edges_can_be_differentiated_as_often_as_asked() -> None:
    x = torch.tensor([[0.3, 0.4]], dtype=torch.float64, requires_grad=True)
    y = fixed_network()(x)
    (first,) = torch.autograd.grad(y.sum(), x, create_graph=True)
    (second,) = torch.autograd.grad(first[:, 0].sum(), x)
    u, v = sympy.symbols("x_1 x_2")
    formula = fixed_network().symbolic_formula(snapped=False)[0][0]
    assert float(first[0, 0].detach()) == pytest.approx(float(formula.diff(u).subs({u: 0.3, v: 0.4})))
    assert float(second[0, 0]) == pytest.approx(float(formula.diff(u, 2).subs({u: 0.3, v: 0.4})), rel=1e-5)


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


LAWS = {
    "a product": ([2, [0, 1], 1], lambda x: x[:, [0]] * torch.sin(x[:, [1]])),
    "sums and products": ([2, [1, 1], 1], lambda x: x[:, [0]] * x[:, [1]] + torch.exp(x[:, [0]])),
    "two outputs": ([2, 3, 2], lambda x: torch.cat([x[:, [0]] ** 2 + x[:, [1]], torch.sin(x.sum(1, keepdim=True))], 1)),
    "three layers": ([3, [1, 2], [2, 1], 1], lambda x: torch.cos(x[:, [0]]) + x[:, [1]] * x[:, [2]]),
}


@pytest.mark.parametrize("name", LAWS)
def test_networks_of_every_shape_are_trained(name: str) -> None:
    width, law = LAWS[name]
    dataset = create_dataset(law, n_var=width[0], train_num=500, test_num=200)
    model = KAN(width, grid=5)
    results = model.fit(dataset, steps=40)
    assert len(results["test_loss"]) == 40
    assert results["test_loss"][-1] < 0.03 * float(dataset["test_label"].std())
    model.prune().plot()


@pytest.mark.parametrize("opt", ["LM", "LBFGS"])
def test_constants_of_fixed_edges_are_trained(opt: str) -> None:
    model, dataset = fixed_network(), create_dataset(tutorial, 2, train_num=300)
    results = model.fit(dataset, opt=opt, steps=30, starts=0)
    assert results["test_loss"][-1] < 1e-10
    (formula,), variables = model.symbolic_formula(var=["x", "y"])
    x, y = variables
    assert formula == sympy.exp(sympy.sin(sympy.pi * x) + y**2)


def test_the_walk_through_ends_in_the_formula() -> None:
    dataset = create_dataset(tutorial, n_var=2)
    model = KAN(width=[2, 5, 1], grid=5, k=3, seed=0)
    model.train(dataset, opt="LBFGS", steps=20, lamb=0.01, lamb_entropy=10.0)
    model = model.prune()
    assert model.describe() == "kan [2, 1, 1]"
    before = {name: value.clone() for name, value in model.state_dict().items()}
    assert model.suggest_symbolic(0, 1, 0).rows()[0][1] > 0.8
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())
    model.train(dataset, opt="LBFGS", steps=20)
    model.auto_symbolic()
    model.train(dataset, opt="LBFGS", steps=20)
    (formula,), (x, y) = model.symbolic_formula(var=["\\alpha", "y"])
    assert formula == sympy.exp(sympy.sin(sympy.pi * x) + y**2)
    assert sympy.diff(formula, x) == sympy.pi * sympy.cos(sympy.pi * x) * formula
    assert model.fix_symbolic(0, 1, 0, "cosh") > 0.98
    assert model.train(dataset, opt="LBFGS", steps=20)["test_loss"][-1] < 0.05


def test_functions_that_imitate_shorter_ones_are_not_chosen() -> None:
    dataset = create_dataset(lambda x: torch.sqrt(1 + x.square().sum(1, keepdim=True)), 2)
    model = KAN([2, 1, 1])
    model.fit(dataset, steps=30)
    model.auto_symbolic()
    (formula,), (x, y) = model.symbolic_formula()
    assert formula == sympy.sqrt(x**2 + y**2 + 1)


def test_the_ladder_of_grids() -> None:
    grids, steps, test_losses = np.array([5, 10, 20]), 20, []
    dataset = create_dataset(tutorial, n_var=2)
    model = KAN([2, 1, 1])
    for n, G in enumerate(grids):
        if n == 0:
            model = KAN(width=[2, 1, 1], grid=G, k=3)
        else:
            model = KAN(width=[2, 1, 1], grid=G, k=3).initialize_from_another_model(model, dataset["train_input"])
        results = model.train(dataset, opt="LBFGS", steps=steps, stop_grid_update_step=30)
        test_losses += results["test_loss"]
    assert len(test_losses) == len(grids) * steps
    assert test_losses[-1] < 1e-4 < test_losses[steps - 1] < 2e-2


@pytest.mark.parametrize("opt", ["Adam", "LBFGS"])
def test_a_step_that_goes_astray_is_taken_back(opt: str, caplog: pytest.LogCaptureFixture) -> None:
    dataset = create_dataset(tutorial, 2, train_num=100)
    model = KAN([2, 2, 1])

    def loss(prediction: torch.Tensor, truth: torch.Tensor) -> torch.Tensor:
        return (prediction - truth).square().mean() * float("nan")

    model.fit(dataset, opt=opt, steps=4, loss_fn=loss, lr=0.1)
    assert bool(model(dataset["train_input"]).isfinite().all())
    assert "not finite" in caplog.text


def test_own_losses_and_batches_are_trained_by_gradients() -> None:
    dataset = create_dataset(tutorial, 2, train_num=200)
    model = KAN([2, 2, 1])
    results = model.fit(dataset, opt="Adam", steps=60, batch=50, lr=0.05, loss_fn=torch.nn.functional.l1_loss)
    assert results["train_loss"][-1] < 0.5 * results["train_loss"][0]


def test_train_of_a_module_still_switches_modes() -> None:
    model = KAN([2, 1, 1])
    assert model.eval() is model and not model.training
    assert model.train() is model and model.training


def test_taking_over_another_network_keeps_the_function_and_shares_nothing() -> None:
    other = KAN([2, 2, 1], grid=5, seed=3, noise_scale=1.0)
    x = 2 * torch.rand(200, 2, dtype=torch.float64) - 1
    model = KAN([2, 2, 1], grid=20).initialize_from_another_model(other, x)
    before = other(x).detach().clone()
    assert model(x).detach().numpy() == pytest.approx(before.numpy(), abs=1e-12)
    with torch.no_grad():
        model.act_fun[0].coef.zero_()
    assert torch.equal(other(x).detach(), before)


@pytest.mark.parametrize("low_high", [(-10, 10), (-0.5, 0.5)])
def test_grids_follow_samples_without_a_margin(low_high: tuple) -> None:
    model = KAN([1, 1], grid=5)
    model.update_grid_from_samples(torch.linspace(*low_high, 1001)[:, None])
    assert model.act_fun[0].grid[0].numpy() == pytest.approx(np.linspace(-2.2, 2.2, 12) * low_high[1])


@pytest.mark.parametrize("grid_eps", [1.0, 0.0])
def test_training_keeps_to_the_grid_that_was_asked_for(grid_eps: float) -> None:
    dataset = create_dataset(tutorial, 2, train_num=400)
    model = KAN([2, 1, 1], grid=5, grid_eps=grid_eps)
    model.fit(dataset, steps=30)
    hidden = model.act_fun[0](dataset["train_input"]).detach()[:, 0]
    knots = model.act_fun[1].grid[0, 3:-3].contiguous()
    counts = torch.histogram(hidden, knots).hist
    even = float(knots.diff().max() / knots.diff().min())
    assert (even < 1.001) == (grid_eps == 1)
    assert grid_eps == 1 or counts.max() < 3 * counts.min()


def test_an_exactly_linear_network_is_linear() -> None:
    model = KAN([2, 5, 1], noise_scale_base=0.0, base_fun=lambda x: x, noise_scale=0.0)
    x = torch.randn(100, 2, dtype=torch.float64)
    assert model(x).detach().numpy() == pytest.approx((5 / np.sqrt(2 * 5) * x.sum(1, keepdim=True)).numpy(), abs=1e-12)


def test_a_formula_needs_all_edges_fixed() -> None:
    with pytest.raises(UsageError, match="splines still"):
        KAN([2, 1, 1]).symbolic_formula()


def test_fixing_and_unfixing_brings_the_spline_back() -> None:
    model = KAN([2, 2, 1], noise_scale=1.0)
    x = torch.randn(50, 2, dtype=torch.float64)
    before = model(x).detach()
    square = Function("square", lambda u: u**2, np.square)
    assert model.fix_symbolic(0, 1, 0, square) <= 1
    assert not torch.equal(model(x).detach(), before)
    model.unfix_symbolic(0, 1, 0)
    assert torch.equal(model(x).detach(), before)


@pytest.mark.parametrize("name", ["no such", "1/x^9"])
def test_a_function_that_is_not_there_is_named(name: str) -> None:
    with pytest.raises(UsageError, match="in the library"):
        KAN([2, 1, 1]).fix_symbolic(0, 0, 0, name)


def test_an_input_that_does_not_matter_goes() -> None:
    dataset = create_dataset(lambda x: torch.sin(3 * x[:, [1]]), n_var=3, train_num=300)
    model = KAN([3, 1, 1])
    model.fit(dataset, steps=20)
    smaller = model.prune_input()
    assert smaller.describe() == "kan [1, 1, 1]"
    assert {edge for edge, _ in smaller.removed.edges} == {(0, 0, 0), (0, 2, 0)}
    assert smaller(dataset["test_input"][:, [1]]).detach().numpy() == pytest.approx(
        model(dataset["test_input"]).detach().numpy(), abs=0.05
    )
    smaller.prune()


@pytest.mark.parametrize("width", [[2, 5, 1], [2, [3, 2], 1], [3, [1, 2], [2, 1], 2]])
def test_the_network_is_kept_bit_by_bit(width: list, tmp_path: object) -> None:
    model = KAN(width, noise_scale=1.0, seed=5)
    model.fix_symbolic(0, 1, 0, "sin")
    model.saveckpt(f"{tmp_path}/model")
    again = KAN.loadckpt(f"{tmp_path}/model")
    x = torch.randn(40, width[0], dtype=torch.float64)
    assert torch.equal(again(x), model(x))
    assert again.describe() == model.describe() and again.act_fun[0].fixed == model.act_fun[0].fixed


def test_another_version_is_refused_by_name(tmp_path: object) -> None:
    from pathlib import Path

    KAN([2, 1, 1]).saveckpt(f"{tmp_path}/model")
    file = Path(f"{tmp_path}/model.json")
    file.write_text(file.read_text().replace('"version": 1', '"version": 7'))
    with pytest.raises(UsageError, match="version 7"):
        KAN.loadckpt(f"{tmp_path}/model")


@pytest.mark.parametrize("width", [[2, 5, 1], [2, [3, 2], 1], [1, 1]])
def test_a_plot_is_a_figure_with_the_names(width: list) -> None:
    figure = KAN(width).plot(in_vars=["a", "b"][: width[0]], out_vars=["out"], title="A network")
    texts = {text.get_text() for text in figure.axes[0].texts}
    assert {"a", "out", "A network"} <= texts


def test_curves_of_training_and_scaling_are_figures() -> None:
    from kansr.kan import plot_scaling, plot_training

    results = {"train_loss": [1.0, 0.1], "test_loss": [1.1, 0.2], "reg": [0.0, 0.0]}
    assert [line.get_label() for line in plot_training(results).axes[0].lines] == ["train rms", "test rms"]
    figure = plot_scaling([5, 10, 20], {"100 rows": [1.0, 2**-4.0, 4**-4.0]})
    assert figure.axes[0].lines[0].get_label() == "100 rows, slope -4.00"


def test_a_dataset_is_drawn_from_its_own_generator() -> None:
    state = torch.random.get_rng_state()
    dataset = create_dataset(tutorial, 2, ranges=[[0, 1], [2, 3]], train_num=50, normalize_label=True, seed=4)
    assert torch.equal(state, torch.random.get_rng_state())
    assert dataset["train_input"].dtype == torch.float64 and dataset["train_label"].shape == (50, 1)
    assert float(dataset["train_input"][:, 1].min()) >= 2
    assert float(dataset["train_label"].mean()) == pytest.approx(0, abs=1e-12)


def test_importing_everything_gives_what_the_tutorials_use() -> None:
    import kansr.kan

    assert {"KAN", "torch", "np", "plt", "create_dataset"} <= set(kansr.kan.__all__)
    assert callable(kansr.kan.plt.plot)
    assert isinstance(fit_kan(torch.rand(60, 2), torch.rand(60), [2, 1, 1])[1], float)


@pytest.mark.parametrize("width", [[2, 3, 1], [2, [1, 1], 1], [2, [0, 1], 1]])
@pytest.mark.parametrize("options", [{}, {"lamb": 1e-3}, {"opt": "Adam", "lr": 0.02, "batch": 20}, {"opt": "LBFGS"}])
def test_no_tensor_is_made_on_a_device_that_was_not_asked_for(width: list, options: dict) -> None:
    dataset = create_dataset(tutorial, 2, train_num=80, test_num=20)
    with torch.device("meta"):  # what does not say where it is made is made here, and cannot meet the others
        model = KAN(width, grid=5, device="cpu")
        results = model.fit(dataset, steps=3, **options)
        model.prune().plot()
        model.refine(23).fit(dataset, steps=1)
        model.suggest_symbolic(0, 0, 0)
    assert results["train_loss"][-1] < 2


def test_a_device_that_is_not_there_is_named() -> None:
    if torch.cuda.is_available():
        pytest.skip("there is one")
    with pytest.raises(UsageError, match="no CUDA device"):
        KAN([2, 1, 1], device="cuda")


@pytest.mark.parametrize("width", [[2], [], [2, 1.5, 1], [2, [1], 1], [[1, 1], 1], [2, 0, 1], [2, -1, 1], ["2", 1]])
def test_a_width_that_is_none_is_refused(width: list) -> None:
    with pytest.raises(UsageError, match="width is the nodes of each layer"):
        KAN(width)


@pytest.mark.parametrize("options", [{"grid": 0}, {"k": -1}])
def test_a_grid_that_is_none_is_refused(options: dict) -> None:
    with pytest.raises(UsageError, match="a grid has at least 1 interval"):
        KAN([2, 1, 1], **options)


@pytest.mark.parametrize("shape", [(5,), (5, 3), (2, 2, 2)])
def test_rows_of_another_shape_are_refused(shape: tuple) -> None:
    with pytest.raises(UsageError, match=r"takes \(rows, 2\)"):
        KAN([2, 1, 1])(torch.ones(shape))


@pytest.mark.parametrize("k", [0, 1, 2, 5])
@pytest.mark.parametrize("rows", [1, 2, 100])
def test_every_degree_is_trained_on_few_rows_too(k: int, rows: int) -> None:
    dataset = create_dataset(tutorial, 2, train_num=rows)
    results = KAN([2, 1, 1], k=k).fit(dataset, steps=5)
    assert results["train_loss"][-1] < (0.85 if k == 0 else 0.1) < float(tutorial(dataset["test_input"]).std())
