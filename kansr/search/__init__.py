"""Best-first search over states: what is tried on one table, in what order, and when it stops.

`partition.py` divides the rows. `plan.py` puts the attempts (`attempt.py`) of `strategies.py` in order: searches over
reductions (`reductions/`), models of the whole table from which formulas are read (`models/`), and solvers for whole
tables. `finish.py` makes a formula ready to print. `noise_floor.py` is the error of the best surrogate, and
`stopping.py` holds the tests by which a search ends: `pipeline/run.py` asks them after each attempt, while reductions
and the local search end by rules of their own. `edits/` goes on from formulas that were found, `held_out/` sets them
beside simple models, and `groups/` looks for one law of several groups of rows.
"""
