"""Best-first search over states: what is tried on one table, in what order, and when it stops.

`partition.py` divides the rows. `plan.py` puts the attempts (`attempt.py`) of `strategies.py` in order: searches over
reductions (`reductions/`), sums of a sparse model for measured tables (`sparse.py`), and solvers for whole tables.
`finish.py` makes a formula ready to print. `noise_floor.py` is the error of the best surrogate, and `stopping.py` holds
the tests by which a run ends. `edits/` goes on from formulas that were found, and `held_out/` sets them beside simple
models.
"""
