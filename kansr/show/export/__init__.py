"""A law in other languages: sympy, LaTeX, Python, numpy, torch and C, one file for each.

Each format is a function from a `Law` to text, a row of the table in `formats`. `code` turns an expression into source
by one walk over its tree; a `Language` is the table by which languages differ. `names` makes names that are safe in all
of them, and `comment` writes what stands beside the code: the formula, the columns, units and the domain.
"""
