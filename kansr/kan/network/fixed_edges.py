"""Symbolic edges: c·f(a·x + b) + d with f from the library, as functions of tensors with their derivatives."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from kansr.numeric.arrays import Array
from kansr.symbolic.library.function import Function, by_differences

Unary = Callable[[Array], Array]
A, B, C, D = range(4)  # positions of a, b, c and d in a row of constants


class _Apply(torch.autograd.Function):
    """A function of arrays as a function of tensors that can be differentiated as often as needed."""

    @staticmethod
    def forward(ctx: Any, u: Tensor, f: Unary, slope: Unary) -> Tensor:
        ctx.save_for_backward(u)
        ctx.slope = slope
        return _on_array(f, u)

    @staticmethod
    def backward(ctx: Any, *grad: Tensor) -> Any:
        (u,) = ctx.saved_tensors
        return grad[0] * _Apply.apply(u, ctx.slope, by_differences(ctx.slope)), None, None


def _on_array(f: Unary, u: Tensor) -> Tensor:
    with np.errstate(all="ignore"):
        value = np.asarray(f(u.detach().cpu().to(torch.float64).numpy()), dtype=np.float64)
    return torch.from_numpy(np.broadcast_to(value, u.shape).copy()).to(u)


def value(f: Function, x: Tensor, constants: Tensor) -> Tensor:
    """c·f(a·x + b) + d, or c·x**a + d for a free power. x: (..., batch); constants: (..., 4) -> (..., batch)"""
    a, b, c, d = (part[..., None] for part in constants.unbind(-1))
    inner = x.pow(a) if f.free == "p" else _Apply.apply(a * x + b, f.numeric, f.derivative or by_differences(f.numeric))
    return c * inner + d


def slopes(f: Function, x: Tensor, constants: Tensor) -> tuple[Tensor, Tensor]:
    """The derivatives of an edge by its constants and by x. x: (batch,); constants: (4,) -> (batch, 4), (batch,)"""
    a, b, c, _ = constants.tolist()
    points = x.detach().cpu().to(torch.float64).numpy()
    by_a, by_b = f.slopes(points, a, b)
    with np.errstate(all="ignore"):
        by_x = a * points ** (a - 1) if f.free == "p" else a * by_b
    inner = (value(f, x, constants.new_tensor([a, b, 1.0, 0.0]))).detach()
    columns = [torch.from_numpy(np.ascontiguousarray(c * v)).to(x) for v in (by_a, by_b, by_x)]
    return torch.stack([columns[0], columns[1], inner, torch.ones_like(x)], 1), columns[2]


def free_constants(f: Function) -> list[int]:
    """The positions of the constants that are trained. d is not among them: it is part of the bias of the node."""
    return [position for position, letters in ((A, "ap"), (B, "b")) if set(letters) & set(f.free)] + [C]
