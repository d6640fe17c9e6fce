"""Laws of one input.

`binning.py` makes a curve of the rows, and `curve_match.py` matches it with the library under target transforms.
`prony.py` finds sums of exponentials and waves by de Prony's method of 1795, `two_exponentials.py` sums of two in
noise, `over_decades.py` functions of an input where the target ranges over decades, each row by its error, and
`periodogram.py` waves of exact rows along an input, its powers or two inputs.
"""
