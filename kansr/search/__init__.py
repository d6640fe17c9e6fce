"""Best-first search over states: what is tried on one table, in what order, and when it stops.

`partition.py` divides the rows. `plan.py` puts the attempts (`attempt.py`) of `strategies.py` in order. Two of them
search over reductions: `exact.py` and `noisy.py` are policies around one loop, `frontier.py`, with the costs of
`costs.py`; `routes.py` fits what they find. `finish.py` makes a formula ready to print. `noise_floor.py` is the error
of the best surrogate, and `stopping.py` holds the tests by which a run ends.
"""
