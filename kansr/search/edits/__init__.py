"""Local search in formula space: edits of the best formulas so far, ranked by description length.

`tree.py` holds formulas as tuples, `translation.py` makes them from sympy and back, `code_length.py` counts their bits,
`program.py` evaluates them and fits their constants. `library.py` makes the expressions that are tried as parts,
`first_order.py` tells which belong where, `neighbours.py` has the edits that follow from the shape of a formula.
`pool.py` holds the formulas that were met and says which is edited next, `local_search.py` edits it, and `findings.py`
is the attempt.
"""
