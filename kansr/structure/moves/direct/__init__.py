"""Moves that ask the rows themselves, so that they hold where no surrogate model follows the target.

A search asks `irrelevant_inputs.py` first: inputs that no correlation of ranks shows any dependence on.
`power_factors.py`
finds inputs that only multiply the target by powers, by a linear fit of logarithms and a test of independence.
`dominant_term.py` finds a power product that is nearly the whole target, and divides by it. `one_variable.py` comes
last,
since it takes seconds: for thousands of combinations of the inputs it asks whether the target is a function of one
of them, by von Neumann's (1941) ratio of the mean squared successive difference to the variance.
"""
