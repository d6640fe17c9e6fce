"""Terminals: solvers that give formulas for a state at once.

`terminal.py` says what a row of the table is, `registry.py` is the table, `thresholds.py` the numbers that several rows
share. `closed_form/` solves one linear problem, `enumerated/` searches a table of small expressions, `one_input/` takes
the rows for a curve, `parametric_curves/` fits sums of growth, decay, peaks and the like to it, `waves/` adds up waves
that are too fast for a curve, and `curves/` gives graphs of curves that are named afterwards. A search asks the quick
ones as soon as it reaches a state, and the others when their turn comes.
"""
