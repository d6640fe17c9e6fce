"""Sparse functional ANOVA: a measured table as a sum of few curves and interactions, and these as formulas.

It is the pruned network of one layer with product nodes, solved in closed form: `components.py` are its edges,
`evidence.py` chooses them by marginal likelihood. `families.py` is the table of functions that a component may be,
`naming.py` finds which one it is, `terms.py` fits sums of them, `rewriting.py` makes a sum shorter or better,
`checks.py` refuses terms that rest on few rows. `sparse_sum.py` goes from a table to its sums; `linear.py` and
`models.py` are the simple models that they are compared with.
"""
