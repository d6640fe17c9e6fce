"""Local search in formula space: edits of the best formulas so far, ranked by description length.

`tree.py` holds formulas as tuples, `program.py` evaluates them and fits their constants, `library.py` makes the
expressions that are tried as parts, `first_order.py` tells which belong where, `neighbours.py` has the edits that
follow from a formula's shape, `local_search.py` decides what is edited next, and `findings.py` is the attempt.
"""
