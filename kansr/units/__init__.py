"""Units and dimensions, in exact arithmetic.

`text` turns a unit such as "kg*m/s**2" into a `Dimension`, rational exponents of the seven base quantities; pint knows
the names of units. `units` is the value that a dataset carries: the unit of each column and the constants with units
that formulas may use. `consistency` decides whether a formula can have the unit of the target and, if not, says which
subexpression prevents it. Dimensionless groups (Buckingham 1914) are in `kansr.data.dimensionless`.
"""
