"""From rows to a formula: train with a penalty on edges, prune, ask, fix, train, read.

Run it with `python docs/tutorials/interpretability.py`; KANSR_QUICK=1 makes it small.
"""

import os

import sympy

from kansr.kan import *

quick = bool(os.environ.get("KANSR_QUICK"))
f = lambda x: torch.exp(torch.sin(torch.pi * x[:, [0]]) + x[:, [1]] ** 2)
dataset = create_dataset(f, n_var=2, train_num=400 if quick else 1000)

# Too many nodes to begin with; the penalty leaves as few edges as the rows allow.
model = KAN(width=[2, 5, 1], grid=5, k=3, seed=0)
model.train(dataset, opt="LBFGS", steps=20, lamb=0.01, lamb_entropy=10.0)
model.plot(title="trained")
model = model.prune()
print(model.describe(), "after", model.removed)
figure = model.plot(title="pruned")

# What an edge may be is asked without touching it; then all edges are decided together.
model.train(dataset, opt="LBFGS", steps=20)
print(model.suggest_symbolic(0, 0, 0))
model.auto_symbolic()
model.train(dataset, opt="LBFGS", steps=20)
(formula,), variables = model.symbolic_formula(var=["alpha", "y"])
print("formula:", formula)
print("its slope:", sympy.diff(formula, variables[0]))

# A wrong function shows in the error.
r2 = model.fix_symbolic(0, 1, 0, "cosh")
wrong = model.train(dataset, opt="LBFGS", steps=20)
print(f"with cosh instead of a square: r² of the edge {r2:.4f}, test rms {wrong['test_loss'][-1]:.1e}")
