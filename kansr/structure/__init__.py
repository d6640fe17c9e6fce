"""The structure of a table, read off surrogate models, and the laws that follow from it.

`surrogate/` fits smooth models whose gradients show how the inputs combine. `moves/` holds the reductions: each makes a
state with fewer inputs or a simpler target. `terminals/` holds the solvers for what is left. Moves and terminals are
rows of two tables, which the searches read. `anova/` is for measured tables: sums of few curves and interactions.
`networks/` grows networks whose curves show which products of named functions the target is a sum of.
`context.py` is what each of them may ask: the deadline, the library, the noise.
"""
