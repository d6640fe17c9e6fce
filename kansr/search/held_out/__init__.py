"""Tests of formulas on rows that they were not fitted to, against other formulas and simple models.

`comparison.py` judges what was found beside lines and smooth models by nested cross-validation, `prediction.py` decides
between formulas of one input that few bits tell apart, and `exchange.py` names inputs that other columns could stand
for.
"""
