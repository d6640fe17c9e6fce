"""From a table to the Dataset that a law is searched in.

`read` makes a `Table` of a file, a DataFrame or arrays. `roles` decides which column is the target and which are
inputs, drops inputs that add nothing and rows with missing cells (`columns`), and gives a `Dataset` (`dataset`):
float64, finite, with names of the formula language. Before that, `derivative` may replace the target by its derivative
from smoothing splines (Craven and Wahba 1979), and `screening` names at most 40 of very many inputs (Fan and Lv 2008).
After it, `declare_units` attaches units, and `dimensionless` rewrites the data in dimensionless groups (Buckingham
1914). `stated_errors` reads standard errors that the user states, `grouping` which group each row is of, `resolution`
how many digits each column is written with. `excerpt` draws the rows that are kept with a result.
"""
