"""Sparse functional ANOVA: a measured table as a sum of few curves and interactions, and these as formulas.

It has the form of a Kolmogorov-Arnold network of one layer with product nodes of which few edges are left, but no
network is trained or pruned: `components.py` are its edges, and `evidence.py` chooses them in closed form, by marginal
likelihood. `families.py` is the table of functions that a component may be, `naming.py` finds which one it is,
`terms.py` fits sums of them, `rewriting.py` makes a sum shorter or better, `checks.py` refuses terms that rest on few
rows. `graph.py` draws the ANOVA as a network. `sparse_sum.py` goes from a table to its sums; `linear.py` and
`models.py` are the simple models that they are compared with.
"""
