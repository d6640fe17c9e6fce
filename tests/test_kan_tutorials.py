"""The tutorials of pykan, typed as they are there but for the import line, at reduced size."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"


@pytest.fixture(autouse=True)
def without_a_window(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MPLBACKEND", "agg")
    monkeypatch.chdir(tmp_path)


TUTORIALS = {
    "example 1": """
from kansr.kan import *
model = KAN(width=[2,1,1], grid=3, k=3)
f = lambda x: torch.exp(torch.sin(torch.pi*x[:,[0]]) + x[:,[1]]**2)
dataset = create_dataset(f, n_var=2)
model.train(dataset, opt="LBFGS", steps=20);
model2 = KAN(width=[2,1,1], grid=10, k=3)
model2.initialize_from_another_model(model, dataset['train_input']);
model2.train(dataset, opt="LBFGS", steps=20);
grids = np.array([5,10,20])
train_losses = []
test_losses = []
steps = 50
k = 3
for i in range(grids.shape[0]):
    if i == 0:
        model = KAN(width=[2,1,1], grid=grids[i], k=k)
    if i != 0:
        model = KAN(width=[2,1,1], grid=grids[i], k=k).initialize_from_another_model(model, dataset['train_input'])
    results = model.train(dataset, opt="LBFGS", steps=steps, stop_grid_update_step=30)
    train_losses += results['train_loss']
    test_losses += results['test_loss']
plt.plot(train_losses)
plt.plot(test_losses)
plt.legend(['train', 'test'])
plt.yscale('log')
plt.close()
n_params = 3 * grids
train_vs_G = train_losses[(steps-1)::steps]
test_vs_G = test_losses[(steps-1)::steps]
plt.plot(n_params, train_vs_G, marker="o")
plt.plot(n_params, 100*n_params**(-4.), ls="--", color="black")
plt.close()
assert test_vs_G[0] < 2e-2 and test_vs_G[-1] < 1e-4
""",
    "example 8": """
from kansr.kan import *
data_sizes = np.array([100,300])
grids = np.array([5,10,100])
train_losses = np.zeros((data_sizes.shape[0], grids.shape[0]))
test_losses = np.zeros((data_sizes.shape[0], grids.shape[0]))
for j in range(data_sizes.shape[0]):
    f = lambda x: torch.exp(torch.sin(torch.pi*x[:,[0]]) + x[:,[1]]**2)
    dataset = create_dataset(f, n_var=2, train_num=data_sizes[j])
    for i in range(grids.shape[0]):
        if i == 0:
            model = KAN(width=[2,1,1], grid=grids[i], k=3)
        if i != 0:
            model = KAN(width=[2,1,1], grid=grids[i], k=3).initialize_from_another_model(model, dataset['train_input'])
        results = model.fit(dataset, opt="LBFGS", steps=50, stop_grid_update_step = 30)
        train_losses[j][i] = results['train_loss'][-1]
        test_losses[j][i] = results['test_loss'][-1]
assert test_losses[:, -1].max() < 5e-3
""",
    "api 5": """
from kansr.kan.spline import B_batch
import torch
import matplotlib.pyplot as plt
import numpy as np
from kansr.kan.spline import extend_grid
G = 5
k = 3
grid = torch.linspace(-1,1,steps=G+1)[None,:]
grid = extend_grid(grid, k_extend=k)
x = torch.linspace(-1,1,steps=1001)[None,:]
basis = B_batch(x, grid, k=k)
for i in range(G+k):
    plt.plot(x[0].detach().numpy(), basis[0,:,i].detach().numpy())
plt.close()
from kansr.kan import KAN
model = KAN(width=[1,1], grid=G, k=k)
assert(model.act_fun[0].coef[0].shape[1] == G+k)
model_output = model(x[0][:,None])
spline_output = torch.einsum('j,ij->i',model.act_fun[0].coef[0][0], basis[0])[:,None]
residual_output = torch.nn.SiLU()(x[0][:,None])
scale_base = model.act_fun[0].scale_base
scale_sp = model.act_fun[0].scale_sp
assert torch.mean((model_output - (scale_base * residual_output + scale_sp * spline_output))**2) < 1e-12
model = KAN(width=[1,1], grid=G, k=k, grid_eps = 0.)
x = torch.normal(0,1,size=(1000,1), generator=torch.Generator().manual_seed(0))
model.update_grid_from_samples(x)
inner = model.act_fun[0].grid[0, k:-k]
counts = torch.histogram(x[:, 0].to(inner), inner).hist
assert counts.min() > 190 and counts.max() < 210
""",
    "demo 5": """
from kansr.kan import KAN, create_dataset
import torch
x = torch.normal(0,1,size=(100,2), generator=torch.Generator().manual_seed(0))
for options in ({}, dict(noise_scale_base = 0., base_fun = lambda x: x, noise_scale = 0.), dict(noise_scale=10.),
                dict(noise_scale_base=0.0), dict(noise_scale_base=1.0)):
    model = KAN(width=[2,5,1], grid=5, k=3, seed=0, **options)
    model(x)
    model.plot()
""",
    "walk-through": """
from kansr.kan import *
model = KAN(width=[2,5,1], grid = 5, k = 3, seed = 0)
f = lambda x: torch.exp(torch.sin(torch.pi*x[:,[0]]) + x[:,[1]]**2)
dataset = create_dataset(f,n_var = 2, train_num = 400)
dataset['train_input'].shape, dataset['test_input'].shape
model.train(dataset, opt = "LBFGS", steps = 20, lamb = 0.01, lamb_entropy = 10.);
model.plot()
model = model.prune()
model(dataset['train_input']);
model.plot()
model.suggest_symbolic(0,0,0)
model.suggest_symbolic(1,0,0,topk=15)
model.train(dataset,opt="LBFGS", steps=20);
model.auto_symbolic()
model.train(dataset,opt="LBFGS", steps=20);
formula, variables = model.symbolic_formula()
formula[0]
formula, variables = model.symbolic_formula(var=['\\\\alpha','y'])
found, names = formula[0], variables
from sympy import *
assert found == exp(sin(pi*names[0]) + names[1]**2)
diff(formula[0], variables[0])
model.fix_symbolic(0,1,0,'cosh')
model.train(dataset, opt="LBFGS", steps=20);
model.plot()
""",
}


@pytest.mark.parametrize("name", TUTORIALS)
def test_the_tutorial_runs(name: str, tmp_path: Path) -> None:
    script = tmp_path / "tutorial.py"
    script.write_text(TUTORIALS[name], encoding="utf-8")
    runpy.run_path(str(script))
    assert [path.name for path in tmp_path.iterdir()] == ["tutorial.py"]


@pytest.mark.parametrize(
    "argv", [["kan_tutorials.py", "ladder", "--seeds", "1", "--rows", "200"], ["kan_tutorials.py", "grids"]]
)
def test_the_benchmark_runs(argv: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> None:
    threads = torch.get_num_threads()
    monkeypatch.setattr(sys, "argv", argv)
    try:
        runpy.run_path(str(BENCHMARKS / argv[0]), run_name="__main__")
    finally:
        torch.set_num_threads(threads)
    assert "kansr" in capsys.readouterr().out
