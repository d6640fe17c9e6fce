"""How the error depends on the rows and on the grid, and that fine grids on few rows do not overfit.

Run it with `python docs/tutorials/scaling_laws.py`; KANSR_QUICK=1 makes it small.
"""

import os

from kansr.kan import *

quick = bool(os.environ.get("KANSR_QUICK"))
data_sizes = np.array([100, 300] if quick else [100, 300, 1000, 3000])
grids = np.array([5, 20, 100] if quick else [5, 10, 20, 50, 100])
f = lambda x: torch.exp(torch.sin(torch.pi * x[:, [0]]) + x[:, [1]] ** 2)

train_losses = np.zeros((len(data_sizes), len(grids)))
test_losses = np.zeros((len(data_sizes), len(grids)))
for j, rows in enumerate(data_sizes):
    dataset = create_dataset(f, n_var=2, train_num=rows)
    for i, grid in enumerate(grids):
        if i == 0:
            model = KAN(width=[2, 1, 1], grid=grid, k=3)
        else:
            model = KAN(width=[2, 1, 1], grid=grid, k=3).initialize_from_another_model(model, dataset["train_input"])
        results = model.fit(dataset, opt="LBFGS", steps=50, stop_grid_update_step=30)
        train_losses[j, i], test_losses[j, i] = results["train_loss"][-1], results["test_loss"][-1]

for rows, train, test in zip(data_sizes, train_losses, test_losses):
    print(
        f"{rows:5} rows: train " + " ".join(f"{e:.1e}" for e in train) + "   test " + " ".join(f"{e:.1e}" for e in test)
    )
slopes = [np.polyfit(np.log(grids), np.log(test), 1)[0] for test in test_losses]
print("slope of log test error over log G:", ", ".join(f"{rows} rows {s:.2f}" for rows, s in zip(data_sizes, slopes)))
figure = plot_scaling(grids, {f"{rows} rows": test for rows, test in zip(data_sizes, test_losses)})
