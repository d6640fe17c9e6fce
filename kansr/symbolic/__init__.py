"""Curves become functions: the library of univariate functions, and matching with it."""
