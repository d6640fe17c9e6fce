"""Surrogate models of the target and their gradient fields: what moves are read off.

`kernel.py` is Gaussian-kernel ridge regression for exact rows, `noisy_kernel.py` the same for noisy ones, weighted by
the noise scale of each row. `product_kernel.py` is linear in known functions of some inputs (`coordinates.py`), and
`network.py` trains small Kolmogorov-Arnold networks. The target is fitted through a transform (`target_transforms.py`).
All give a gradient field (`gradient_field.py`) that knows its error. `error_in_dimensionless_groups.py` is the held-out
error where the units of the table are known.
"""
