"""Fields: a partial differential equation for u(t, x) or u(t, x, y) on a grid.

`read` makes a `field` of an npz file. In `weak` it becomes rows: u_t and all `terms`, multiplied by test functions
(`bumps`) and summed, so that nothing is differentiated that is noisy; the `noise` of the field gives the errors of the
rows. `select` offers sets of terms, `estimate` fits their coefficients, and `solve` takes the set of least description
length. `law` writes it as a result, and `run` is what a command and Python ask for.
"""
