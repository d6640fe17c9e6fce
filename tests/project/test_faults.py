"""Bad tables and faults, and what `kansr discover` makes of each: the command as a user runs it, one row a case.

The numbers go from 1 to 40; what belongs together shares one. A case is its number, what is wrong, and a function that
brings it about in an empty folder and looks at what comes of it.
"""

from __future__ import annotations

import ast
import fcntl
import gzip
import json
import os
import re
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pytest
from support.command import REAL, children, environment, gone
from support.paths import ROOT

from kansr.errors import FormulaError
from kansr.expression.parse import parse

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals and limits of a POSIX system")
Run = Callable[[Path], None]
PATIENCE = 240  # seconds that a search with its time limit may take on a busy machine


class Case(NamedTuple):
    number: int
    what: str
    run: Run
    slow: bool = False


def kansr(folder: Path, *arguments: object, stdin: bytes = b"", **more: Any) -> subprocess.CompletedProcess[bytes]:
    options = {"env": environment(), "cwd": folder, "input": stdin, "capture_output": True, "timeout": PATIENCE}
    return subprocess.run([*REAL, *map(str, arguments)], **{**options, **more})


def discover(folder: Path, table: bytes | str | None, *options: object, **more: Any) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of a search in data.csv, which holds `table`."""
    if table is not None:
        (folder / "data.csv").write_bytes(table.encode() if isinstance(table, str) else table)
    done = kansr(folder, "discover", "data.csv", *options, **more)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def refused(
    number: int, what: str, table: bytes | str | None, *words: str, options: str = "", slow: bool = True
) -> Case:
    """The table is refused with code 2, in one sentence at the end of stderr that has the words in it."""

    def run(folder: Path) -> None:
        begun = time.monotonic()
        code, out, err = discover(folder, table, *options.split())
        assert (code, out) == (2, ""), err
        sentence = err.splitlines()[-1]
        assert sentence.startswith("kansr: ") and all(word in sentence for word in words), sentence
        assert "Traceback" not in err
        assert time.monotonic() - begun < 60

    return Case(number, what, run, slow)


def answered(
    number: int,
    what: str,
    table: bytes | str,
    *words: str,
    options: str = "",
    code: int = 0,
    formula: str = "",
    check: Callable[[dict[str, Any]], object] = lambda result: True,
    slow: bool = True,
) -> Case:
    """A search ends with `code`, says the words on stderr, and finds the formula, up to rounding."""

    def run(folder: Path) -> None:
        got, out, err = discover(folder, table, "--json", "--time-limit", "60", *options.split())
        assert got == code, (out, err)
        assert all(word in err for word in words), err
        result = json.loads(out, parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))
        if formula:
            assert same(result["best"]["expression"], formula), result["best"]["expression"]
        assert check(result), result

    return Case(number, what, run, slow)


def same(found: str, formula: str) -> bool:
    difference = parse(found) / parse(formula)
    names = sorted(map(str, difference.free_symbols))
    return all(
        abs(complex(difference.subs({n: 1.3 + 0.7 * i + shift for i, n in enumerate(names)})) - 1) < 1e-6
        for shift in (0.0, 0.4)
    )


def rows(header: str, law: Callable[..., object], count: int = 40, sep: str = ",") -> str:
    """`count` rows of inputs between 1 and 5 with the target last."""
    inputs = header.count(sep)
    X = np.random.default_rng(0).uniform(1, 5, (count, inputs))
    return "\n".join([header, *(sep.join(map(repr, [*map(float, x), float(law(*x))])) for x in X)]) + "\n"


def changed(line: int, text: str, header: str = "a,b") -> str:
    """A square law with one line, counted from 1, replaced."""
    lines = SQUARE.replace("a,b", header, 1).splitlines()
    lines[line - 1] = text
    return "\n".join(lines) + "\n"


def square(a: float) -> float:
    return a * a


SQUARE = rows("a,b", square)
HOSTILE = "__import__('os').system('touch owned')"
NAMES = ["orbital period", "mass %", "a-b", "λ", "N", "S", "E", "I", "pi", "lambda", "exec", "x0", ""]


# ---------------------------------------------------------------------- faults that take more than a table


def no_permission(folder: Path) -> None:
    path = folder / "data.csv"
    path.write_text(SQUARE)
    path.chmod(0)
    if os.access(path, os.R_OK):
        pytest.skip("this user may read anything")
    code, _, err = discover(folder, None)
    assert code == 2 and "no permission to read data.csv" in err


def odd_names(folder: Path) -> None:
    X = np.random.default_rng(0).uniform(1, 5, (40, len(NAMES)))
    lines = [",".join([*NAMES, "t"]), *(",".join(map(repr, [*x.tolist(), float(x[0] * x[3])])) for x in X)]
    code, out, err = discover(folder, "\n".join(lines), "--time-limit", "60", "--out", "run")
    assert code == 0 and out.splitlines()[0] == "t = lamda*orbital_period", (out, err)
    assert "orbital_period is the column 'orbital period'" in out and "lamda is the column 'λ'" in out
    assert "inputs not used: mass %, a-b, N, S, E, I, pi, lambda, exec, x0, column 13" in out
    code_for = {to: kansr(folder, "export", "run", "--to", to).stdout.decode() for to in ("python", "numpy", "c")}
    assert all(code_for.values())
    for language in ("python", "numpy"):
        ast.parse(code_for[language])


def hostile_name(folder: Path) -> None:
    table = rows("h,b", square).replace("h,b", f'"{HOSTILE}","=cmd|calc"', 1)
    code, out, _ = discover(folder, table, "--json", "--out", "run")
    assert code == 0 and not (folder / "owned").exists()
    assert HOSTILE in json.loads(out)["names"].values()
    first = [line[0] for line in (folder / "run" / "front.csv").read_text().splitlines()]
    assert not set(first) & set("=+-@\t")


def pure_noise(folder: Path) -> None:
    X = np.random.default_rng(1).standard_normal((200, 3))
    table = "a,b,y\n" + "".join(",".join(map(repr, x)) + "\n" for x in X.tolist())
    code, out, _ = discover(folder, table, "--time-limit", "60")
    assert code == 1 and "no formula beats a constant on held-out rows" in out


def dummies(folder: Path) -> None:
    X = np.random.default_rng(0).uniform(1, 5, (400, 22))
    header = ",".join([*(f"v{i}" for i in range(22)), "y"])
    table = "\n".join([header, *(",".join(map(repr, [*x.tolist(), float(x[3] ** 2 * x[11])])) for x in X)])
    code, out, _ = discover(folder, table, "--json")
    result = json.loads(out)
    assert code == 0 and same(result["best"]["expression"], "v3**2*v11")
    assert len(result["ignored_inputs"]) == 20


def float32(folder: Path) -> None:
    pytest.importorskip("pyarrow")
    x = np.random.default_rng(0).uniform(1, 5, 60).astype(np.float32)
    pd.DataFrame({"a": x, "b": x * x}).to_parquet(folder / "data.csv")
    code, out, err = discover(folder, None, "--json")
    assert code == 0 and "float32, about 7 digits" in err and same(json.loads(out)["best"]["expression"], "a**2")


def limit(folder: Path) -> None:
    table = noisy(2000)
    begun = time.process_time()
    code, out, _ = discover(folder, table, "--json", "--time-limit", "1")
    result = json.loads(out)
    assert (code, result["status"]) == (4, "timed_out") and result["best"]["expression"]
    assert result["seconds"] < 1.1 + 0.5 and time.process_time() - begun < 60


def noisy(count: int) -> str:
    """Rows in which there is nothing to be found quickly."""
    rng = np.random.default_rng(0)
    X = rng.uniform(-1, 1, (count, 4))
    y = np.sin(3 * X[:, 0] * X[:, 1]) + np.exp(X[:, 2]) * np.tanh(X[:, 3] + X[:, 0]) + 0.1 * rng.standard_normal(count)
    return "a,b,c,d,y\n" + "".join(",".join(map(repr, x)) + "\n" for x in np.column_stack([X, y]).tolist())


def begun(folder: Path, *options: str) -> subprocess.Popen[bytes]:
    """A search of a minute whose first formula has been saved in run/."""
    (folder / "data.csv").write_text(noisy(1000))
    command = [*REAL, "discover", "data.csv", "--out", "run", "--json", "--time-limit", "60", *options]
    process = subprocess.Popen(command, cwd=folder, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    end = time.monotonic() + PATIENCE
    while not (folder / "run" / "front.csv").exists() and time.monotonic() < end:
        assert process.poll() is None, process.communicate()
        time.sleep(0.02)
    return process


def signalled(number: signal.Signals, code: int) -> Run:
    def run(folder: Path) -> None:
        with begun(folder, "--jobs", "2") as process:
            workers = children(process.pid)
            process.send_signal(number)
            out, err = process.communicate(timeout=60)
        assert process.returncode == code, err
        assert json.loads(out)["status"] == "interrupted"
        assert json.loads((folder / "run" / "discovery.json").read_text()) == json.loads(out)
        assert workers and all(map(gone, workers))

    return run


def twice(folder: Path) -> None:
    """A second signal ends what the first has left to do; here the process is stopped while both come."""
    with begun(folder) as process:
        workers = children(process.pid)
        process.send_signal(signal.SIGSTOP)
        for _ in range(2):
            process.send_signal(signal.SIGINT)
            process.send_signal(signal.SIGTERM)
        process.send_signal(signal.SIGCONT)
        out, _ = process.communicate(timeout=60)
    assert process.returncode in (130, 143) and not out
    assert workers and all(map(gone, workers))


def killed(folder: Path) -> None:
    table = (ROOT / "datasets" / "exp_sin.csv").read_text()
    options = ["--json", "--time-limit", "200", "--seed", "3"]
    code, alone, err = discover(folder, table, "--out", "alone", *options)
    assert code == 0, err
    command = [*REAL, "discover", "data.csv", "--out", "run", *options]
    for attempts in (1, 3):  # written when it is killed
        with subprocess.Popen(
            [*command, *(["--resume"] if attempts > 1 else [])], cwd=folder, env=environment()
        ) as process:
            end = time.monotonic() + PATIENCE
            journal = folder / "run" / "attempts.jsonl"
            while not (journal.exists() and journal.read_bytes().count(b"\n") > attempts) and time.monotonic() < end:
                time.sleep(0.01)
            process.kill()
    with journal.open("ab") as file:
        file.write(b'{"attempt": 3, "sec')  # as a power cut leaves it
    code, resumed, err = discover(folder, None, "--out", "run", "--resume", *options)
    assert code == 0, err
    assert without_times(resumed) == without_times(alone)
    assert json.loads(resumed)["seconds"] > 0


def without_times(text: str) -> dict[str, Any]:
    return {name: value for name, value in json.loads(text).items() if name != "seconds"}


def other_search(folder: Path) -> None:
    assert discover(folder, SQUARE, "--out", "run")[0] == 0
    before = (folder / "run" / "discovery.json").read_bytes()
    for table, options, words in [
        (SQUARE, ["--seed", "1"], "--seed 0, not 1"),
        (SQUARE, ["--loss", "huber"], "--loss auto, not huber"),
        (rows("a,b", square, 41), [], "begun with the table other than this"),
    ]:
        code, out, err = discover(folder, table, "--out", "run", "--resume", *options)
        assert (code, out) == (2, "") and words in err, err
    assert discover(folder, SQUARE, "--resume")[0] == 2
    assert (folder / "run" / "discovery.json").read_bytes() == before


def full_disk(folder: Path) -> None:
    assert discover(folder, SQUARE, "--out", "run")[0] == 0
    before = (folder / "run" / "discovery.json").read_bytes()

    def small_files() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))

    code, out, err = discover(folder, None, "--out", "run", "--force", "--time-limit", "60", preexec_fn=small_files)
    assert code == 2 and "cannot write" in err and "Traceback" not in err, (code, err)
    assert (folder / "run" / "discovery.json").read_bytes() == before
    assert not list((folder / "run").glob("*.part"))


def read_only(folder: Path) -> None:
    (folder / "run").mkdir(mode=0o500)
    out = "/proc/run" if os.access(folder / "run", os.W_OK) else "run"  # where not even root may write
    code, _, err = discover(folder, SQUARE, "--out", out)
    assert code == 2 and "cannot write" in err.splitlines()[-1]


def existing(folder: Path) -> None:
    (folder / "run").mkdir()
    (folder / "run" / "discovery.json").write_text("mine")
    code, _, err = discover(folder, SQUARE, "--out", "run")
    assert code == 2 and "--force" in err and (folder / "run" / "discovery.json").read_text() == "mine"


DAMAGES: list[tuple[str, Callable[[bytes], bytes], str]] = [
    ("not a journal", lambda raw: b"\x80\x04K.", "no journal"),
    ("a list", lambda raw: b"[]\n", "no journal"),
    ("another version", lambda raw: raw.replace(b'"kansr": "', b'"kansr": "0.0.'), "begun with kansr 0.0."),
    ("another format", lambda raw: raw.replace(b'"journal": 3', b'"journal": 9'), "format 9"),
    ("a line without meaning", lambda raw: raw + b"{}\n", "line 4 is not what"),
    ("code for a formula", lambda raw: raw.replace(b'"a**2"', b'"().__class__"'), "line 3 is not what"),
    ("a bomb for a formula", lambda raw: raw.replace(b'"a**2"', b'"9**9**9**9"'), "line 3 is not what"),
    ("nested too deeply", lambda raw: raw + b"[" * 100_000 + b"\n", "line 4 is not what"),
]


def damaged(folder: Path) -> None:
    assert discover(folder, SQUARE, "--out", "run")[0] == 0
    journal = folder / "run" / "attempts.jsonl"
    whole, result = journal.read_bytes(), (folder / "run" / "discovery.json").read_bytes()
    assert b'"a**2"' in whole and whole.count(b"\n") == 3
    for name, damage, words in DAMAGES:
        journal.write_bytes(damage(whole))
        code, out, err = discover(folder, None, "--out", "run", "--resume")
        assert (code, out) == (2, "") and words in err and "Traceback" not in err, (name, err)
        assert (folder / "run" / "discovery.json").read_bytes() == result


def damaged_result(folder: Path) -> None:
    assert discover(folder, SQUARE, "--out", "run")[0] == 0
    result = folder / "run" / "discovery.json"
    whole = result.read_bytes()
    for damage, words in [
        (whole[:300], "discovery.json"),
        (b"\x80\x04K.", "discovery.json"),
        (whole.replace(b'"schema": 1', b'"schema": 99'), "schema 99"),
        (whole.replace(b'"a**2"', b'"().__class__"'), "discovery.json"),
    ]:
        result.write_bytes(damage)
        done = kansr(folder, "predict", "run", "data.csv")
        assert done.returncode == 2 and words in done.stderr.decode() and b"Traceback" not in done.stderr, done.stderr


def bomb(folder: Path) -> None:
    """Compressed, it is a thousandth of what it is."""
    raw = gzip.compress(b"a,b\n" + b"1" * 100_000_000)
    code, _, err = discover(folder, raw)
    assert code == 2 and "Traceback" not in err


def no_julia(folder: Path) -> None:
    hidden = "import sys; sys.modules['pysr'] = None; from kansr.cli.main import main; main()"
    (folder / "data.csv").write_text(SQUARE)
    command = [sys.executable, "-c", hidden, "discover", "data.csv", "--refine", "pysr"]
    done = subprocess.run(command, cwd=folder, env=environment(), capture_output=True, timeout=PATIENCE)
    assert b"pip install" in done.stderr and b"Traceback" not in done.stderr
    assert done.returncode in (0, 2)


def no_gpu(folder: Path) -> None:
    answers = [
        discover(folder, SQUARE, "--json", env={**environment(), "CUDA_VISIBLE_DEVICES": devices})[1]
        for devices in ("", "7")
    ]
    assert without_times(answers[0]) == without_times(answers[1])
    assert same(json.loads(answers[0])["best"]["expression"], "a**2")


def same_answers(*variants: tuple[list[str], dict[str, str]]) -> Run:
    """The same object, times aside, whatever of the machine is different."""

    def run(folder: Path) -> None:
        table = (ROOT / "datasets" / "exp_sin.csv").read_text()
        found = [
            without_times(discover(folder, table, "--json", *options, env={**environment(), **more})[1])
            for options, more in variants
        ]
        assert all(one == found[0] for one in found)
        assert same(found[0]["best"]["expression"], "exp(y**2 + sin(pi*x))")

    return run


def two_at_once(folder: Path) -> None:
    assert discover(folder, SQUARE, "--out", "run")[0] == 0
    before = (folder / "run" / "discovery.json").read_bytes()
    with (folder / "run" / ".lock").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        code, out, err = discover(folder, None, "--out", "run", "--force")
        assert (code, out) == (2, "") and "another run is writing to run" in err
        assert (folder / "run" / "discovery.json").read_bytes() == before
    assert discover(folder, None, "--out", "run", "--force")[0] == 0


def standard_input(folder: Path) -> None:
    done = kansr(folder, "discover", "-", "--json", stdin=SQUARE.encode())
    assert done.returncode == 0 and same(json.loads(done.stdout)["best"]["expression"], "a**2")


def closed_pipe(folder: Path) -> None:
    (folder / "data.csv").write_text(SQUARE)
    with subprocess.Popen(
        [*REAL, "discover", "data.csv"], cwd=folder, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None and process.stderr is not None
        process.stdout.close()
        err = process.stderr.read()
    assert process.returncode == 0 and b"Traceback" not in err and b"Broken pipe" not in err


def wrong_units(what: str, text: str, *words: str, slow: bool = True) -> Case:
    def run(folder: Path) -> None:
        (folder / "units.csv").write_text(text)
        code, out, err = discover(folder, rows("m,g,F", lambda m, g: m * g), "--units", "units.csv")
        assert (code, out) == (2, "") and all(word in err for word in words), err

    return Case(37, f"units: {what}", run, slow)


def hostile_formulas() -> Iterator[Case]:
    """Wherever the command line takes a formula, it is refused at once."""
    texts = {
        "attribute": "().__class__.__bases__",
        "import": "__import__('os')",
        "tower": "9**9**9",
        "parentheses": "(" * 100_000 + "a" + ")" * 100_000,
        "chain": "+".join(["a"] * 60_000),
        "powers": "a**99999999999",
        "nested": "exp(" * 5000 + "a" + ")" * 5000,
    }
    for name, text in texts.items():

        def run(folder: Path, text: str = text) -> None:
            (folder / "data.csv").write_text(SQUARE)
            for command in (["refine", "data.csv", "--expr", text], ["predict", text, "data.csv"]):
                if len(text) > 100_000:  # more than one argument may hold
                    continue
                done = kansr(folder, *command)
                assert done.returncode == 2 and b"Traceback" not in done.stderr, done.stderr
            begun = time.process_time()
            with pytest.raises(FormulaError):
                parse(text)
            assert time.process_time() - begun < 1

        yield Case(36, f"hostile formula: {name}", run, slow=True)


CASES = [
    refused(1, "no such file", None, "no such file: data.csv", slow=False),
    Case(1, "a directory", lambda folder: directory(folder), slow=True),
    Case(1, "no permission", no_permission, slow=True),
    refused(2, "empty file", "", "data.csv is empty: no data rows"),
    refused(2, "header only", "a,b\n", "no data rows under the header in line 1"),
    refused(3, "one column", "a\n" + "1\n2\n" * 9, "one column only", "--sep", slow=False),
    refused(4, "four rows", "a,b\n1,1\n2,4\n3,9\n4,16\n", "at least 5 rows", "here are 4"),
    answered(4, "few rows", rows("a,b", square, 8), "warning: 8 rows are few for 1 input", formula="a**2"),
    refused(5, "no header", SQUARE.split("\n", 1)[1], "line 1 holds numbers", "--no-header", slow=False),
    answered(5, "--no-header", SQUARE.split("\n", 1)[1], options="--no-header", formula="x0**2",
             check=lambda result: result["rows"] == 40),
    answered(6, "semicolons and decimal commas", SQUARE.replace(",", ";").replace(".", ","),
             "separated by semicolons", "--decimal ,", formula="a**2"),
    answered(6, "tabs", SQUARE.replace(",", "\t"), "separated by tabs", "--sep", formula="a**2"),
    answered(7, "byte order mark", b"\xef\xbb\xbf" + SQUARE.encode(), formula="a**2",
             check=lambda result: result["inputs"] == ["a"]),
    answered(7, "UTF-16", SQUARE.encode("utf-16"), formula="a**2"),
    refused(7, "Latin-1", changed(1, "é,b").encode("latin-1"), "line 1 is not valid UTF-8", "--encoding", slow=False),
    answered(7, "Latin-1 by its name", changed(1, "é,b").encode("latin-1"), options="--encoding latin-1",
             formula="e**2", check=lambda result: result["names"] == {"e": "é"}),
    refused(7, "no such encoding", SQUARE, "no encoding is called 'klingon'", options="--encoding klingon"),
    answered(8, "CRLF, blank lines, commas at the ends", SQUARE.replace("\n", ",\r\n") + "\r\n\r\n",
             "dropped column 3: no name and no values", formula="a**2"),
    refused(9, "ragged", changed(4, "3,4,5"), "line 4 has 3 cells where the header has 2", slow=False),
    refused(10, "duplicate names", rows("a,a,b", lambda a, b: a), "come twice: 'a'"),
    Case(11, "odd names", odd_names, slow=True),
    Case(12, "hostile name", hostile_name, slow=True),
    refused(13, "no such target", SQUARE, "no column 'B'; did you mean 'b'?", options="--target B"),
    refused(14, "target among inputs", SQUARE, "target 'b' is also among the inputs",
            options="--target b --inputs a,b"),
    answered(14, "copy of the target", "a,c,b\n" + "".join(f"{i},{i * i},{i * i}\n" for i in range(1, 40)),
             "dropped input 'c': the same values as the target 'b'", formula="a**2"),
    refused(15, "blank cells", changed(3, ",4"), "missing cells in 'a' (1)", "line 3", "--missing drop", slow=False),
    answered(15, "--missing drop", changed(3, ",4"), "dropped 1 of 40 rows", options="--missing drop", formula="a**2",
             check=lambda result: result["rows"] == 39),
    refused(16, "infinite", changed(3, "inf,4"), "column 'a' is infinite in 1 row (line 3)", slow=False),
    refused(17, "thousands", changed(3, '3,"1,234"'), "line 3, column 'b': '1,234'", "thousands"),
    refused(17, "a unit in a cell", changed(3, "3,5 kg"), "line 3, column 'b': '5 kg'", "unit"),
    refused(17, "a row of units", changed(2, "m,kg/s"), "line 2", "--units"),
    refused(17, "a word for missing", changed(3, "3,none at all"), "'none at all'", "--na-values", slow=False),
    answered(17, "--na-values", changed(3, "3,-999"), "dropped 1 of 40 rows", formula="a**2",
             options="--na-values -999,x --missing drop"),
    refused(18, "dates", changed(3, "2024-01-31,4"), "line 3, column 'a': '2024-01-31'", "dates"),
    refused(18, "categories", rows("a,b", square).replace("\n", "\nred", 1), "line 2, column 'a'", "'red"),
    answered(18, "booleans", "s,a,b\n" + "".join(f"{i % 2 == 0},{i},{i * i}\n" for i in range(1, 40)),
             "column 's': True and False are read as 1 and 0", formula="a**2"),
    refused(19, "complex", changed(3, "1+2j,4"), "'1+2j'", "complex values are not supported"),
    answered(20, "constant input", rows("a,b", square).replace("\n", "\n7,").replace("a,b", "c,a,b", 1)[:-2],
             "dropped input 'c': constant (7)", formula="a**2"),
    answered(21, "constant target", rows("a,b", lambda a: 4.5), "the target 'b' is constant: 4.5", formula="4.5"),
    answered(22, "the same input twice", "a,c,b\n" + "".join(f"{i},{i},{i * i}\n" for i in range(1, 40)),
             "dropped input 'c': the same values as 'a', which a law can use instead", formula="a**2"),
    answered(22, "an input that is another in other units",
             "c,k,y\n" + "".join(f"{x!r},{x + 273.15!r},{x * x!r}\n" for x in np.linspace(1, 5, 40).tolist()),
             "dropped input 'k': 'c' plus 273.15 exactly, which a law can use instead", formula="c**2"),
    Case(23, "pure noise", pure_noise, slow=True),
    Case(24, "20 dummies", dummies, slow=True),
    answered(25, "extreme scales", "h,f\n" + "".join(f"{i}.5e-34,{1e30 * (i + 0.5) ** 2!r}\n" for i in range(1, 60)),
             check=lambda result: result["best"]["r2"] > 1 - 1e-12 and same_power(result, 2)),
    refused(25, "scales whose squares are none", "h,f\n" + "".join(f"{i},{i}e200\n" for i in range(1, 60)),
            "column 'f' has values of size 6e+201", "other units"),
    answered(26, "integers beyond 2^53",
             "a,b\n" + "".join(f"{10**16 + i * 10**15 + 1},{20 + 2 * i}\n" for i in range(40)),
             "column 'a' has integers beyond 2^53, which lose their last digits", formula="a/500000000000000"),
    Case(26, "a file of float32", float32, slow=True),
    Case(27, "many rows", lambda folder: many_rows(folder), slow=True),
    refused(28, "6000 columns", ",".join(f"c{i}" for i in range(6000)) + ("\n" + ",".join(["1"] * 6000)) * 6,
            "6000 columns", "5000 is the limit", "--inputs"),
    Case(28, "2001 columns", lambda folder: many_columns(folder), slow=True),
    answered(29, "a pole among the rows", rows("a,b", lambda a: 1 / (a - 2.5)), formula="1/(a - 2.5)"),
    answered(29, "an edge of the domain among the rows",
             "a,b\n0,1\n" + rows("a,b", lambda a: 3 * np.sqrt(a) + 1).split("\n", 1)[1], formula="3*sqrt(a) + 1"),
    Case(30, "outliers and repeated rows", lambda folder: outliers(folder), slow=True),
    Case(31, "a limit of one second", limit, slow=True),
    Case(32, "Ctrl-C", signalled(signal.SIGINT, 130), slow=True),
    Case(32, "SIGTERM", signalled(signal.SIGTERM, 143), slow=True),
    Case(32, "SIGALRM", signalled(signal.SIGALRM, 142), slow=True),
    Case(32, "two signals", twice, slow=True),
    Case(33, "killed and resumed", killed, slow=True),
    Case(33, "resumed as another search", other_search, slow=True),
    Case(34, "full disk", full_disk, slow=True),
    Case(34, "read-only folder", read_only, slow=True),
    Case(34, "existing output", existing, slow=False),
    Case(35, "damaged run", damaged, slow=True),
    Case(35, "damaged result", damaged_result, slow=True),
    Case(36, "compressed bomb", bomb, slow=True),
    *hostile_formulas(),
    wrong_units("unknown", "name,unit\nm,kg\ng,furlongz\nF,N\n", "units.csv: column 'g'", "furlongz"),
    wrong_units("missing", "name,unit\nm,kg\nF,N\n", "no unit for 'g'", "write 1", slow=False),
    wrong_units("impossible", "name,unit\nm,kg\ng,kg\nF,s\n",
                "no formula in m [kg], g [kg] can have the units of F [s]"),
    wrong_units("no such column", "name,unit\nm,kg\ngg,m\nF,s\n", "no column 'gg'"),
    Case(38, "PySR missing", no_julia, slow=True),
    Case(39, "no GPU", no_gpu, slow=True),
    Case(40, "the same seed twice, hash seeds",
         same_answers(([], {"PYTHONHASHSEED": "1"}), ([], {"PYTHONHASHSEED": "2"})),
         slow=True),
    Case(40, "workers, threads", same_answers(([], {}), (["--jobs", "4"], {"OMP_NUM_THREADS": "2"})), slow=True),
    Case(40, "a locale with decimal commas",
         same_answers(([], {}), ([], {"LC_ALL": "de_DE.UTF-8", "LANG": "de_DE.UTF-8", "LC_NUMERIC": "de_DE.UTF-8"})),
         slow=True),
    Case(40, "two runs in one folder", two_at_once, slow=True),
    Case(40, "standard input", standard_input, slow=True),
    Case(40, "closed pipe", closed_pipe, slow=True),
]  # fmt: skip


def directory(folder: Path) -> None:
    (folder / "data.csv").mkdir()
    code, _, err = discover(folder, None)
    assert code == 2 and "data.csv is a directory" in err


def same_power(result: dict[str, Any], power: int) -> bool:
    expr = parse(result["best"]["expression"])
    h = next(iter(expr.free_symbols))
    ratio = float(expr.subs(h, 40e-34) / expr.subs(h, 20e-34))
    return bool(np.isclose(ratio, 2.0**power, rtol=1e-6))


def many_rows(folder: Path) -> None:
    X = np.random.default_rng(0).uniform(1, 5, (300_000, 2))
    frame = pd.DataFrame({"a": X[:, 0], "b": X[:, 1], "y": 2.5 * X[:, 0] * X[:, 1]})
    frame.to_csv(folder / "data.csv", index=False)
    code, out, err = discover(folder, None, "--json")
    result = json.loads(out)
    assert code == 0 and same(result["best"]["expression"], "2.5*a*b"), err


def many_columns(folder: Path) -> None:
    X = np.random.default_rng(0).uniform(1, 5, (500, 2000))
    names = [f"v{i}" for i in range(2000)]
    frame = pd.DataFrame(X, columns=names).assign(y=X[:, 3] * X[:, 11] / X[:, 1000])
    frame.to_csv(folder / "data.csv", index=False)
    code, out, err = discover(folder, None, "--json", "--time-limit", "100")
    result = json.loads(out)
    assert code == 0 and same(result["best"]["expression"], "v3*v11/v1000"), (out[:300], err)


def outliers(folder: Path) -> None:
    rng = np.random.default_rng(0)
    x = np.repeat(rng.uniform(1, 5, 150), 2)
    y = 2 * x**2 + 0.05 * rng.standard_normal(300)
    y[::29] += 40
    table = "x,y\n" + "".join(f"{a!r},{b!r}\n" for a, b in zip(x.tolist(), y.tolist()))
    for options in ([], ["--loss", "huber"]):
        code, out, _ = discover(folder, table, "--json", *options)
        result = json.loads(out)
        assert code == 0 and 0 < result["noise"] < 0.05
        values = [float(parse(result["best"]["expression"]).subs("x", at)) for at in (1.5, 3.0, 4.5)]
        assert np.allclose(values, [4.5, 18, 40.5], rtol=0.02), result["best"]["expression"]


def marked(case: Case) -> Any:
    name = re.sub(r"\W+", "-", f"{case.number:02} {case.what}")
    return pytest.param(case.run, id=name, marks=[pytest.mark.slow] if case.slow else [])


@pytest.mark.parametrize("run", list(map(marked, CASES)))
def test_a_fault(run: Run, tmp_path: Path) -> None:
    run(tmp_path)


def test_all_are_there() -> None:
    assert {case.number for case in CASES} == set(range(1, 41))
    assert len({(case.number, case.what) for case in CASES}) == len(CASES)
