"""Forms that the user gives, with unknown functions or with constants to fit; and laws of groups of rows.

`solve_form.py` looks for the functions of "x*f(y) + g(z)", each in a search of its own. `compare_form.py` fits the
constants of a formula, and says what a search finds beside it and what one more term would save. `solve_groups.py`
looks for one law of several groups of rows, or fits a form to them.
"""
