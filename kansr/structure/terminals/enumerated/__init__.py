"""Laws out of tables of small expressions.

`atoms.py` makes a table of thousands of expressions, and `meet_in_the_middle.py` finds sums of two or three of them.
`one_function.py` and `oblique.py` fit one function with inner constants beside known terms, by variable projection
(Golub and Pereyra 1973); `shapes.py` has the functions and where their constants start, `function_parts.py` the columns
of the design matrix.
"""
