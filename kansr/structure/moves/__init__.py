"""Reductions: what makes a problem smaller before a formula is looked for.

A state (`state.py`) is a target z as an unknown function of n columns, with the way back to the table. A move
(`move.py`) proposes a simpler state: fewer columns, or a simpler target. Its misfit says how well the data agree, its
cost what it adds to the formula, and a search decides which moves are made. `registry.py` is the table of all kinds of
move, ours and the user's. The kinds in `gradient/` ask the gradient field of a surrogate model, those in `direct/` the
rows themselves. `thresholds.py` has the numbers that several kinds share. That such properties are looked for before
formulas is the idea of AI Feynman (Udrescu and Tegmark 2020).

A new kind of move needs:
1. a function in `gradient/` or `direct/` that yields moves;
2. a row of MOVES in `registry.py`, a `MoveKind`;
3. a name for each number that decides, in its module or, where several kinds share it, in `thresholds.py`;
4. a law of REDUCED in tests/support/laws.py, under the name of the row: what the move must lead back to;
5. a test of its own in tests/structure/moves;
6. a text of its step that kansr/show/steps.py can read: "without x", "z/x" or "log(target) by x/y", in formulas of the
   language; a text that it cannot read is shown as it is;
7. a row in the table of docs/inside.md, and a word in the docstring of its folder.

Three things are easily missed. A derivation does not show `Move.name`, which only puts moves of equal rank in order: it
shows the texts of the steps that `apply` adds to the state. `MoveKind.slow` is for kinds that ask the rows, and such a
kind is not asked in noise. `MoveKind.asks` decides which code calls the kind: those that ask the gradient are called by
`moves` in `registry.py`, those that ask the rows by `search/reductions/exact.py` and `noisy.py`, and those that ask the
linear model by `exact.py` alone, which uses nothing of their moves but `Move.problem`.
"""
