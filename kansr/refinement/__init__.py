"""What helps a search from outside.

`refiners` are the searches of other packages, Operon and PySR, behind one callable that takes a candidate and its rows
and yields candidates; a function of the user's may stand in their place. `forms` are formulas with unknown functions,
such as f(x) + g(y, z): how they are read, and how their functions are told apart by surrogate models.
"""
