"""Moves that are read off the gradient field of a surrogate model.

If z depends on x and y only through h(x, y), its gradient in x and y has the direction of that of h, whatever else
the law
does. `sample.py` draws and weights the rows on which this is measured. `power_groups.py` looks for power products of
several inputs, `merge_powers.py` and `merge_functions.py` for two inputs that enter as a sum of powers or of library
functions, `merge_given.py` for a formula that the user gives. `symmetry.py` solves Euler's relation for homogeneous
functions with exponents and offsets as unknowns (`symmetry_relation.py`) and takes an input out along the flow that
it finds
(`symmetry_flow.py`). `additive_term.py` subtracts terms, `functional_scaling.py` divides by unknown functions of one
input (`functional_scaling_fit.py`), and `inner_factor.py` makes the factor of an input a problem of its own.
"""
