"""Closed-form solvers for what reductions leave, by method."""
