"""From curves to formulas.

`library` holds the univariate functions that a curve may be, as a table, and reads functions of the user's from a file.
`matching` fits every library function to the curve of an edge, chooses one for each edge by the formula as a whole, and
composes the formula from the graph.
"""
