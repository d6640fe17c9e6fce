"""Constants by least squares, under an error model.

`error_model.py` says what size of residual is expected in each row: constant, relative to the target, or stated; with
or without Huber's loss. `constants.py` fits all constants of an expression together by Levenberg-Marquardt, from their
present values, with standard errors. `form.py` fits the named constants of a formula that the user gives, which have no
values yet: from many starts (`starts.py`), by variable projection (`projection.py`; Golub and Pereyra 1973), those of
equal terms in order (`exchangeable.py`). `by_group.py` fits constants of groups of rows together with shared ones.
"""
