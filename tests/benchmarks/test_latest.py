"""The current figures: pages that are made from them, and figures that are made from a run."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import pytest

from benchmarks import figures, latest
from benchmarks.figures import Figure, merged, of_run
from kansr.bench.record import Record, unanswered
from kansr.bench.records import opened
from kansr.bench.trial import Settings, chosen_ids, trials
from kansr.errors import DataError

ABOUT = {"machine": "a machine", "cores": 2, "version": "abc", "results": "2026-11-22-first-light.md"}


def main(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["latest.py", *arguments])
    return latest.main()


def written(folder: Path, suite: str, missed: set[tuple[str, int]], half: str | None = None, seeds: int = 2) -> Path:
    """A run with two data seeds in which all but some (law, seed) are found; the n-th search takes n seconds."""
    with opened(folder, Settings(time_limit=60), resume=False) as store:
        asked = trials(chosen_ids(suite, which=half), suite, ["kansr"], [0.0], seeds)
        for number, trial in enumerate(asked, start=1):
            verdict = "no" if (trial.problem, trial.seed) in missed else "yes"
            record: Record = unanswered(trial, "")
            record |= {"verdicts": dict.fromkeys(record["verdicts"], verdict), "seconds": float(number)}
            store.add(record)
    return folder


def test_the_pages_are_up_to_date(monkeypatch: pytest.MonkeyPatch) -> None:
    assert main(monkeypatch, "--check") == 0


def test_every_figure_says_where_it_is_from() -> None:
    for figure in figures.load():
        assert (figures.RESULTS / figure.results).is_file()
        assert figure.command.startswith(f"kansr bench {figure.suite} ") and figure.machine and figure.version
        assert all(hits <= figure.of for hits in (*figure.strict, *figure.skeleton))
        assert figure.results.startswith(figure.date)


def test_a_run_becomes_figures_and_pages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for module, name in ((figures, "CURRENT"), (latest, "LATEST"), (latest, "README")):
        copy = tmp_path / getattr(module, name).name
        shutil.copy(getattr(module, name), copy)
        monkeypatch.setattr(module, name, copy)
    monkeypatch.setattr(latest, "ROOT", tmp_path)
    run = written(tmp_path / "run", "strogatz", {("strogatz_barmag1", 1)})
    about = ["--results", ABOUT["results"], "--machine", "a machine", "--version", "abc"]
    assert main(monkeypatch, "--from", str(run), *map(str, about)) == 0
    assert capsys.readouterr().out == "wrote latest.md\nwrote README.md\n"
    assert "| 14 Strogatz equations | 14, 13 of 14 | 14.5, 25.3 |" in (tmp_path / "README.md").read_text(
        encoding="utf-8"
    )
    assert main(monkeypatch, "--check") == 0
    (tmp_path / "README.md").write_text((tmp_path / "README.md").read_text().replace("14, 13 of", "14, 14 of"))
    assert main(monkeypatch, "--check") == 1


def test_a_run_is_told_by_halves_and_replaces_what_it_counts_again(tmp_path: Path) -> None:
    whole, even, odd = of_run(written(tmp_path / "a", "strogatz", {("strogatz_barmag1", 1)}), **ABOUT)
    assert (whole.half, whole.strict, whole.skeleton, whole.of) == ("all", (14, 13), (14, 13), 14)
    assert even.of + odd.of == 14 and [a + b for a, b in zip(even.strict, odd.strict)] == [14, 13]
    assert whole.command == "kansr bench strogatz --seeds 2 --rows 2000 --time-limit 60 --jobs 2"
    (again,) = of_run(written(tmp_path / "b", "strogatz", set(), half="even"), **ABOUT)
    assert again.command.startswith("kansr bench strogatz --half even ")
    assert merged([whole, even, odd], [again]) == [again, odd]
    (once,) = of_run(written(tmp_path / "c", "strogatz", set(), half="odd", seeds=1), **ABOUT)
    assert merged([whole, even, odd], [once]) == [once, whole, even, odd], "one data seed is another measurement"


def test_laws_that_had_been_looked_at_are_counted_apart(tmp_path: Path) -> None:
    (figure,) = of_run(written(tmp_path / "run", "laws", {("law_mech_04", 0)}, half="odd", seeds=1), **ABOUT)
    assert (figure.of, figure.strict, figure.fewer_of, figure.fewer_strict) == (84, (83,), 72, (72,))


def test_a_part_of_a_suite_is_no_figure(tmp_path: Path) -> None:
    run = written(tmp_path / "run", "strogatz", set())
    lines = (run / "records.jsonl").read_text().splitlines(keepends=True)
    (run / "records.jsonl").write_text("".join(lines[1:]))
    with pytest.raises(DataError, match="27 records"):
        of_run(run, **ABOUT)


def test_figures_come_back_as_they_were_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = figures.load()
    monkeypatch.setattr(figures, "CURRENT", tmp_path / "current.json")
    figures.save(reversed(before))
    assert figures.load() == before and all(isinstance(figure, Figure) for figure in before)
    assert len(json.loads((tmp_path / "current.json").read_text())) == len(before) > 20
