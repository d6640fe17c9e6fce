"""The command line: arguments in, text and an exit code out.

Each command is a file of its own; `main` knows their names, `options` what they share, `supervise` runs a search in a
child process that can be stopped at any moment.
"""
