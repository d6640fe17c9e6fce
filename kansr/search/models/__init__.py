"""Attempts that begin with a model of the whole table, from which formulas are read.

`sparse.py` reads sums of a sparse functional ANOVA, for measured tables. `networks.py` reads networks that grow.
"""
