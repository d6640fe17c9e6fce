"""The univariate functions a curve can be, as data."""
