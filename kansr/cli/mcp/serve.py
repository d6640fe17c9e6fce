"""`kansr mcp`: the tools behind the protocol."""

from __future__ import annotations

import functools
import math
from collections.abc import Awaitable, Callable
from typing import Any

from kansr.cli.mcp.folder import Folder
from kansr.cli.mcp.tools import Tools
from kansr.cli.signature.mcp import Mcp
from kansr.errors import KansrError, MissingExtra, UsageError
from kansr.version import __version__

Tool = Callable[..., Awaitable[dict[str, Any]]]

INSTRUCTIONS = """\
kansr finds the formula behind a table of numbers. Files are named relative to one folder.
1. inspect_table: columns, rows, what stands in the way. 2. discover: a formula for one column, with save_as if it is to
be used again. 3. refine: constants of a form that you know. 4. predict and report: the saved result in use.
Read result.status first: found means that the residuals look like noise, best_effort that they hold more, nothing that
no formula beats a constant. result.front has simpler and more exact formulas, result.undecided those that the rows
cannot rule out.\
"""


def serve(given: Mcp) -> None:
    """Answers on standard input and output until the client has gone."""
    if not (0 < given.time_limit < math.inf):
        raise UsageError(f"--time-limit must be a positive number of seconds, not {given.time_limit:g}")
    server(Tools(Folder.at(given.folder), given.time_limit, given.jobs)).run("stdio")


def server(tools: Tools) -> Any:
    """The SDK's server with these tools. Raises MissingExtra where the SDK is not installed."""
    try:
        from mcp.server.mcpserver import MCPServer
        from mcp.server.mcpserver.exceptions import ToolError
    except ImportError as err:
        raise MissingExtra("kansr mcp needs: pip install 'kansr[mcp]'") from err

    def spoken(tool: Tool) -> Tool:
        """The tool, whose errors the client shall read."""

        @functools.wraps(tool)
        async def called(*arguments: Any, **named: Any) -> dict[str, Any]:
            try:
                return await tool(*arguments, **named)
            except KansrError as err:
                raise ToolError(str(err)) from err

        return called

    made = MCPServer("kansr", version=__version__, instructions=INSTRUCTIONS, log_level="WARNING")
    for tool in (tools.inspect_table, tools.discover, tools.refine, tools.predict, tools.report):
        made.add_tool(spoken(tool))
    return made
