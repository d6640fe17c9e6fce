"""The values that a search results in: small, frozen, without I/O, drawing or fitting.

A `Candidate` is a formula with its complexity, errors and description length; a `ParetoFront` holds those that none
beats in both complexity and error. A `Graph` is the structure of a formula: nodes that add or multiply, edges that
carry a sampled curve; `formula_graph` makes one of an expression. A `derivation` lists the steps that led to a formula,
each with its misfit. `Result` is the whole answer for one target, and `Law` what predicting and exporting need of it.
`shape` is a verdict on a statement about it. `json_value` reads these values from JSON that anyone may have written.
"""
