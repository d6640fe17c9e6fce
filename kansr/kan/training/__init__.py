"""Training: from rows and a network to a network that fits them, and the history of its errors.

`multistart.py` (`fit_kan`) finds a network for given rows, `ensembles.py` trains many small networks as surrogate
models; `kan/fitting` trains on a dataset. All use `train.py`, which runs Levenberg-Marquardt
(`levenberg_marquardt.py`, on the exact Jacobian of `jacobian.py` and `batched_layer.py`) or LBFGS and Adam, with the
penalty of `sparsity_penalty.py`. Training begins at a start from `initialise.py`, on grids from `grids.py`.
`dataset.py` draws and checks rows.
Source: K. Levenberg 1944; D. Marquardt 1963; J. J. Moré 1978; P. Eilers and B. Marx 1996.
"""
