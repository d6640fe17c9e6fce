"""Constants by least squares, under an error model.

`error_model.py` says what size of residual is expected in each row: constant, relative to the target, or stated; with
or without Huber's loss. `constants.py` fits all constants of an expression together by Levenberg-Marquardt, from their
present values, with standard errors. `form.py` fits the named constants of a formula that the user gives, which have no
values yet: from many starts, by variable projection (Golub and Pereyra 1973).
"""
