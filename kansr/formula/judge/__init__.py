"""What a formula is worth, and what is noise: one file for each criterion.

`judge.py` makes a formula a `Candidate`: errors, complexity and `description_length.py` (Rissanen 1978), by which
formulas are compared. `exactness.py` tells the law from a formula that only comes close, `residual_tests.py` noise from
structure, `outliers.py` outliers from the rows of an unusual law (of few rows: `outliers_of_few.py`), `unit_filter.py`
formulas with the right units from others, `vocabulary.py` those with the functions that the user allows. `decided.py`
says how sure the bits between two formulas are, and `curve_code.py` writes a well-known curve as its place in a table.
`levels.py` names the statistical levels of these tests. `baseline.py` is the mean of the target.
"""
