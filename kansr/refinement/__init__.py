"""Help for a search from outside: other packages' searches, and forms that the user gives.

`refiners/` runs Operon, PySR or a function of the user from the formulas that a search has found; what comes back is
fitted and judged like any other formula. `forms/` reads a formula with unknown functions, such as f(x) + g(y, z), and
separates these functions, so that each is a problem of fewer inputs.
"""
