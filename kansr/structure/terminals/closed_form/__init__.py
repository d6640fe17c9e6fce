"""Laws that follow from one linear problem.

`power_law.py` (y = c·Πxᵖ) and `product_of_functions.py` (y = c + k·Πf(x)ᵖ) are least squares of logarithms;
`scaling_function.py` (Πxᵖ·f(Πx^q)) is a regression of their differences from row to row.
`implicit_relation.py` finds T(y)·Q = P with polynomials P and Q as the null vector of one matrix, in functions of the
inputs from `generators.py` and `two_input_exponentials.py`; `quadratic_root.py` finds the root of a quadratic in the
same way. `sparse_polynomial.py` eliminates terms step by step, and `sparse_rational.py` iterates linear fits
(Sanathanan and Koerner 1963).
"""
