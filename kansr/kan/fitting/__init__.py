"""Fitting: what `KAN.fit` does with a dataset, from starts to the best state that was met.

`fit_dataset.py` chooses optimiser and start and trains. For networks of several hidden layers `deep_starts.py` finds
the start: a shallower network is trained first and grows a layer at a time by `growth.py`, which keeps its function,
and `free_knots.py` moves the knots of the last layer to where its curves bend. `progress.py` shows a bar.
Source: L. Breiman and J. Friedman 1985 for transforms of the target; D. Jupp 1978 for free knots.
"""
