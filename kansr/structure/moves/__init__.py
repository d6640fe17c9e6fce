"""Reductions: what makes a problem smaller before a formula is looked for.

A state (`state.py`) is a target z as an unknown function of n columns, with the way back to the table. A move
(`move.py`)
proposes a simpler state: fewer columns, or a simpler target. `registry.py` is the table of all kinds of move, ours and
the user's, which both searches read. `gradient/` has the kinds that ask the gradient field of a surrogate model,
`direct/`
those that ask the rows themselves. `thresholds.py` has the numbers that several kinds share. A move only proposes: its
misfit says how well the data agree, its cost what it adds to the formula, and a search decides which moves are made.
That such properties are looked for before formulas is the idea of AI Feynman (Udrescu and Tegmark 2020).
"""
