"""Processes, time and files. Nothing here knows what is computed.

A search runs in one child process (`child`) that yields items through a pipe and can be killed at any moment. Attempts
run in this process or in a pool of workers (`pool`); `processes` holds what every worker does first. A package that is
slow to start runs as a server (`server`), which answers requests in JSON lines. `deadline` measures the time of a
search. `alarm` raises an exception when it is up, also in code that never looks at the clock, and `signals` turns
Ctrl-C and SIGTERM into an exception. `files` writes whole files or none, and takes locks; `resources` finds the files
of the package; `terminal` prints.

Two exceptions can leave almost any line of the package: `alarm.OutOfTime`, inside `interrupted_after`, and
`signals.Stopped`, inside `stoppable`.
"""
