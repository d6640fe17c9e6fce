"""Forms that the user gives: one whose unknown functions are found, and one whose constants are fitted and judged.

`solve_form.py` looks for the functions of "x*f(y) + g(z)", each in a search of its own. `compare_form.py` fits the
constants of a formula, and says what a search finds beside it and what one more term would save.
"""
