"""What a client is told of a table."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from kansr.cli import Exit
from kansr.cli.mcp import inspect
from kansr.data.read import streams
from kansr.data.read.file import read_table
from kansr.data.roles import dataset


@pytest.mark.parametrize(
    "text",
    [
        "a,b,remark\n" + "".join(f"{k},{k * k},seen\n" for k in range(1, 9)),
        "a,b,c\n" + "".join(f"{k},{k * k},\n" for k in range(1, 9)),
        "a,b,c\n" + "".join(f"{k},{k * k},{k**3}±1\n" for k in range(1, 9)),
        "a,b\n" + "".join(f"{k},{k * k}\n" for k in range(1, 9)),
    ],
)
def test_the_default_target_is_that_of_a_search(text: str) -> None:
    table = read_table(io.BytesIO(text.encode()))
    assert inspect.inspected(table)["default_target"] == dataset(table)[0].target


def test_of_a_table_that_takes_too_long_the_first_rows_are_described(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(streams, "PIECE", 100)
    monkeypatch.setattr(inspect, "READING_SECONDS", 0.0)
    (tmp_path / "t.csv").write_text("a,b\n" + "".join(f"{k},{k * k}\n" for k in range(100)))
    assert inspect.main(str(tmp_path / "t.csv")) == Exit.FOUND
    found = json.loads(capsys.readouterr().out)
    assert 0 < found["rows"] < 100
    assert any(f"only the first {found['rows']} rows were read" in note for note in found["notes"])


def test_an_error_of_ours_is_one_sentence(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def broken(*given: object, **options: object) -> None:
        raise AttributeError("broken")

    monkeypatch.setattr(inspect, "read_table", broken)
    assert inspect.main("t.csv") == Exit.INTERNAL
    said = capsys.readouterr().err
    assert said.count("\n") == 1 and "broken" in said and "Traceback" not in said
