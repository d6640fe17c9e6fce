"""One run, from a table to a result.

`job` is the way that every caller takes: it reads the table (`read`), finds out the columns and units, divides the rows
into those to fit, those held out and outliers (`partition`), and hands them to what was asked for. That is the search
(`run`): the attempts of a plan, in this process or in workers, and refiners after them; or a form with unknown
functions (`forms/solve_form`); or a form that the user knows (`forms/compare_form`); or a law of groups
(`forms/solve_groups`). `config` says how; `journal` keeps what attempts have found on disk, so that a search can go on
after it was killed. `assemble` puts findings together to a result, `conclude` fits its constants to all rows that were
held and measures the noise, and `all_rows` fits them to all rows of a table that was too large to be held. `systems` is
for jobs with several targets and for systems of differential equations, `fields` for partial differential equations.
"""
