"""Forms with unknown functions, such as f(x) + g(y, z).

`skeleton` reads such a form and turns it until it is linear in each function. `backfitting` fits surrogate models of
all functions, one after another, until they agree with the rows together.
"""
