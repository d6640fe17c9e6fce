"""A result for people.

`summary` is the text that the command line prints: the formula, how good it is, the front, and how it was found, with
`steps` in words and numbers rounded by `digits`. `systems` is the same for systems and for several laws.
`report` is the same as one HTML page with plots, for notebooks too. `export` writes a law as code or LaTeX. Nothing
here decides or computes anything that the result does not hold already, beyond the values of its formula.
"""
