"""Waves of one input that are too fast for a surrogate to follow: sums, damped ones and chirps beside a trend.

`band.py` says which frequencies the rows can tell apart, `spectrum.py` is the periodogram and its test, `modulation.py`
reads damping and chirp off a peak, `fit.py` fits all waves together, `sums.py` adds one wave after another, and
`formula.py` writes the formulas.
"""
