"""One law for rows in groups, such as experiments, whose constants may differ.

Forms come from searches on single groups and on all rows. `templates` frees their numbers; each group gets constants of
its own, and `choose` finds out which of them are shared, by `length`, the description length with a table of constants.
`neighbours` edits the best forms with that length as the score, and `collection` keeps what has been found.
"""
