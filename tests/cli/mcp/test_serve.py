"""`kansr mcp` as its clients see it: the SDK's own client, over standard input and output."""

from __future__ import annotations

import asyncio
import builtins
import re
import shutil
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from support.command import environment, told
from support.paths import KEPLER, ROOT

NAMES = ["inspect_table", "discover", "refine", "predict", "report"]


def asked(folder: Path, session: Callable[[Any], Awaitable[Any]]) -> Any:
    """What a session with the server comes to. It is given the client."""
    mcp = pytest.importorskip("mcp")

    async def connected() -> Any:
        server = mcp.StdioServerParameters(
            command=sys.executable,
            args=["-m", "kansr", "mcp", "--folder", str(folder), "--time-limit", "30", "--jobs", "1"],
            env=environment(),
        )
        async with mcp.Client(mcp.stdio_client(server)) as client:
            return await session(client)

    return asyncio.run(connected())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    home = tmp_path / "tables"
    home.mkdir()
    shutil.copy(KEPLER, home / "kepler.csv")
    (tmp_path / "secret.csv").write_text("alpha,beta\n1,2\n")
    (home / "link.csv").symlink_to(tmp_path / "secret.csv")
    return home


@pytest.mark.slow  # for the starts of five processes
def test_from_a_table_to_a_report(folder: Path) -> None:
    async def session(client: Any) -> None:
        assert [tool.name for tool in (await client.list_tools()).tools] == NAMES

        async def call(tool: str, **arguments: Any) -> Any:
            answer = await client.call_tool(tool, arguments)
            assert not answer.is_error, answer.content
            return answer.structured_content

        table = await call("inspect_table", table="kepler.csv")
        assert (table["rows"], table["default_target"]) == (8, "period_years")
        assert [column["name"] for column in table["columns"]] == ["semi_major_axis_au", "period_years"]
        assert table["columns"][0]["max"] == 30.06992276

        found = await call("discover", table="kepler.csv", save_as="law")
        assert (found["exit_code"], found["result"]["status"], found["saved_as"]) == (0, "found", "law")
        assert found["result"]["best"]["expression"] == "semi_major_axis_au**(3/2)"
        assert found["result"]["structure"]["path"]
        assert "target: period_years (the last column)" in found["result"]["notes"]

        predicted = await call("predict", table="kepler.csv", run="law")
        assert predicted["prediction"][2] == pytest.approx(1, abs=1e-4)
        assert await call("report", run="law", save_as="law.html") == {"report": "law.html"}
        assert "<html" in (folder / "law.html").read_text()

    asked(folder, session)


# Tool, arguments -> a part of the one sentence that the client reads.
REFUSED = [
    ("inspect_table", {"table": "../secret.csv"}, "no .. in names"),
    ("inspect_table", {"table": "link.csv"}, "leads out of the folder"),
    ("discover", {"table": "/etc/passwd"}, "absolute path"),
    ("discover", {"table": "kepler.csv", "save_as": "../law"}, "no .. in names"),
    ("discover", {"table": "kepler.csv", "time_limit": 31}, "at most 30 seconds"),
    ("discover", {"table": "kepler.csv", "units": {"a": "m,b=s"}}, "neither a comma nor ="),
    ("discover", {"table": "kepler.csv", "target": "--json"}, "kepler.csv has no column '--json'"),
    ("refine", {"table": "kepler.csv", "expression": "a*exp("}, "a*exp("),
    ("predict", {"table": "kepler.csv", "formula": "a", "run": "law"}, "either run"),
    ("predict", {"table": "kepler.csv", "formula": "/etc/passwd"}, "as a formula"),
    ("report", {"run": "link.csv", "save_as": "a.html"}, "leads out of the folder"),
]


def test_refusals_are_one_sentence_and_the_server_goes_on(folder: Path) -> None:
    async def session(client: Any) -> list[Any]:
        return [await client.call_tool(tool, arguments) for tool, arguments, _ in REFUSED]

    answers = asked(folder, session)
    for answer, (_, _, words) in zip(answers, REFUSED):
        said = answer.content[0].text
        assert answer.is_error and words in said and "Traceback" not in said and "alpha" not in said
        assert str(folder) not in said  # where the folder is, is none of the client's business


def test_the_page_for_agents_names_these_tools() -> None:
    page = (ROOT / "docs" / "for-agents.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| `(\w+)\(", page, re.MULTILINE) == NAMES


def test_without_the_sdk_it_says_what_to_install(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def absent(name: str, *rest: Any, **named: Any) -> Any:
        if name.partition(".")[0] == "mcp":
            raise ModuleNotFoundError(name)
        return real(name, *rest, **named)

    monkeypatch.setattr(builtins, "__import__", absent)
    done = told("mcp", "--folder", folder)
    assert (done.returncode, done.stderr) == (2, "kansr: kansr mcp needs: pip install 'kansr[mcp]'\n")
