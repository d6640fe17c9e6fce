"""Systems of differential equations, and several laws, as text, JSON and pages.

`several` writes them as text and JSON; `page` is the page of a system, with its trajectories over the rows.
"""
