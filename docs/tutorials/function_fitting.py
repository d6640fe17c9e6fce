"""Fitting a function on finer and finer grids: the error falls with the fourth power of the interval.

The target is exp(sin(pi x) + y²): a sum of two curves under a third, so [2, 1, 1] is all it takes.
Run it with `python docs/tutorials/function_fitting.py`; KANSR_QUICK=1 makes it small.
"""

import os

from kansr.kan import *

quick = bool(os.environ.get("KANSR_QUICK"))
f = lambda x: torch.exp(torch.sin(torch.pi * x[:, [0]]) + x[:, [1]] ** 2)
dataset = create_dataset(f, n_var=2, train_num=300 if quick else 3000)

# One refinement: the finer network takes over the function of the coarser one, and training goes on from there.
model = KAN(width=[2, 1, 1], grid=3, k=3)
coarse = model.fit(dataset, opt="LBFGS", steps=20)
finer = KAN(width=[2, 1, 1], grid=10, k=3).initialize_from_another_model(model, dataset["train_input"])
fine = finer.fit(dataset, opt="LBFGS", steps=20)
print(f"grid 3: {coarse['test_loss'][-1]:.1e}, grid 10: {fine['test_loss'][-1]:.1e}")

# The whole ladder.
grids = np.array([5, 10, 20] if quick else [5, 10, 20, 50, 100])
steps, train_losses, test_losses = 50, [], []
for i, grid in enumerate(grids):
    if i == 0:
        model = KAN(width=[2, 1, 1], grid=grid, k=3)
    else:
        model = KAN(width=[2, 1, 1], grid=grid, k=3).initialize_from_another_model(model, dataset["train_input"])
    results = model.fit(dataset, opt="LBFGS", steps=steps, stop_grid_update_step=30)
    train_losses += results["train_loss"]
    test_losses += results["test_loss"]

plt.plot(train_losses)
plt.plot(test_losses)
plt.legend(["train", "test"])
plt.xlabel("step")
plt.ylabel("rms error")
plt.yscale("log")
plt.show()

train_vs_G, test_vs_G = train_losses[steps - 1 :: steps], test_losses[steps - 1 :: steps]
figure = plot_scaling(grids, {"train": train_vs_G, "test": test_vs_G})
slope = np.polyfit(np.log(grids), np.log(test_vs_G), 1)[0]
print("test rms:", "  ".join(f"G={G}: {error:.1e}" for G, error in zip(grids, test_vs_G)))
print(f"slope of log error over log G: {slope:.2f}")
