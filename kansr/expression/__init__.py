"""The formula language. Text becomes a sympy expression; expressions are evaluated, rewritten, measured and printed.

`parse` reads text by a grammar, with limits on size, and never evaluates it as code; `identifiers` turns column names
into names of the language, and `named_constant` holds constants such as G. `evaluate` compiles an expression to a tape
of array operations, with reverse-mode derivatives by its constants; `domain` says where it is real. `rules` removes
redundant constants and lists the algebraic rules, `forms` and `radicals` hold the rules for textbook forms, and
`simplify` applies them, checking each result by value. `complexity` counts nodes and bits (Rissanen 1978), and
`nice_numbers` proposes short constants. `render` prints in the language, for people, and as LaTeX.
"""
