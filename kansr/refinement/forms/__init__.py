"""Forms with unknown functions, such as f(x) + g(y, z): skeletons.

`skeleton.py` reads a form and solves it for its unknown functions, until it is linear in each of them. `backfitting.py`
separates the functions on the rows (Friedman and Stuetzle 1981), by kernel ridge regression. `pipeline/forms`
then finds a formula for each.
"""
