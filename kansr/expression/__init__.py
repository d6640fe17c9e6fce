"""The formula language: parse, evaluate, rewrite, render, measure; sympy in, sympy out.

Text is read by a grammar and never evaluated as code. A formula is computed by a tape of array operations, which also
gives exact derivatives. Every rewrite is checked by value.
"""
