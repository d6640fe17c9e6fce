"""Constants by least squares, under an error model.

`error_model.py` says what size of residual is expected in each row: constant, relative to the target, or stated; with
or without Huber's loss. `constants.py` fits all constants of an expression together by Levenberg-Marquardt, from their
present values, with standard errors. `form.py` fits the named constants of a formula that the user gives, which have no
values yet: from many starts (`starts.py`), by variable projection (`projection.py`; Golub and Pereyra 1973), those of
equal terms in order (`exchangeable.py`). `by_group.py` fits constants of groups of rows together with shared ones.
`effective_variance.py` is what stated errors of inputs do to a residual, `rounding.py` what the digits of a table do.

Which fit is used where:
- `constants.py`: decimals of any formula that a search has come to, from where they are, before it is judged;
- `form.py`: named constants without values, of a form that the user gives and of known curves in `search/groups`;
- `by_group.py`: laws of groups, some of whose constants each group has of its own;
- `search/edits/program.py`: the many trees of the local search, in few steps and by plain or weighted squares, by
  `minimise` of `constants.py`;
- `structure/anova/terms.py`: sums of terms of known families, whose coefficients are eliminated (variable projection);
- `pipeline/systems/trajectories.py`: right-hand sides of differential equations, by multiple shooting, from what
  `pipeline/systems/regression/integrals.py` has fitted without integrating them.
"""
