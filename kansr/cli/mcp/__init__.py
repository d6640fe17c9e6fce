"""`kansr mcp`: the commands as tools of a server that programs and agents talk to by the Model Context Protocol.

`folder` says which paths a client may name, and refuses all that lead out of one folder. `tools` are the five tools:
each is a command of kansr in a process of its own (`call`), so limits, exit codes and messages are those of the command
line; `inspect` is the one that has no command. `serve` hands them to the public Python SDK, which speaks the protocol.
"""
