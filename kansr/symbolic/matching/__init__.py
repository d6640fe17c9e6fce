"""From the curves of a graph to one expression.

`match` fits every library function to the curve of each edge, by variable projection (Golub and Pereyra 1973), and
ranks the fits. `choose` tries combinations of fits, best first, refits each formula to the rows, and keeps those of
least description length: one curve alone does not tell exp from tanh on a short range. `compose` builds the expression.
"""
