"""Best-first searches over reductions: an unknown function is made simpler, move by move, until a terminal solves it.

`exact.py` searches rows without noise, `noisy.py` rows with noise. Both are policies around one loop (`frontier.py`),
read the tables of moves and terminals, and share their costs (`costs.py`). `routes.py` fits each formula that they
come to once, and keeps the steps that led to it.
"""
