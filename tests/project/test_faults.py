"""Bad tables and faults, and what `kansr discover` makes of each: the command as a user runs it, one row a case.

The numbers go from 1 to 40; what belongs together shares one. A case is its number, what is wrong, and a function that
brings it about in an empty folder and looks at what comes of it.
"""

from __future__ import annotations

import os
import re
import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.faults.cases import Case, Run, answered, refused
from support.faults.folders import (
    damaged,
    damaged_result,
    directory,
    existing,
    full_disk,
    no_permission,
    not_ours,
    other_search,
    read_only,
    two_at_once,
)
from support.faults.interruptions import closed_pipe, killed, signalled, twice
from support.faults.machines import no_gpu, no_julia, same_answers, standard_input
from support.faults.sentences import odd_paths, sentences
from support.faults.streams import while_loading, without_errors, without_output
from support.faults.tables import (
    SQUARE,
    bomb,
    changed,
    dummies,
    float32,
    hostile_name,
    limited,
    many_columns,
    many_rows,
    noisy,
    odd_names,
    one_wrong,
    outliers,
    pure_noise,
    rows,
    same_power,
    square,
    wave,
)
from support.faults.texts import hostile_formulas, wrong_units

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals and limits of a POSIX system")

CASES = [
    refused(1, "no such file", None, "no such file: data.csv"),
    Case(1, "a directory", directory),
    Case(1, "no permission", no_permission),
    refused(2, "empty file", "", "data.csv is empty: no data rows"),
    refused(2, "header only", "a,b\n", "no data rows under the header in line 1"),
    refused(3, "one column", "a\n" + "1\n2\n" * 9, "one column only", "--sep"),
    refused(4, "four rows", "a,b\n1,1\n2,4\n3,9\n4,16\n", "at least 5 rows", "here are 4"),
    answered(4, "few rows", rows("a,b", square, 8), "warning: 8 rows are few for 1 input", formula="a**2"),
    refused(5, "no header", SQUARE.split("\n", 1)[1], "line 1 holds numbers", "--no-header"),
    answered(5, "--no-header", SQUARE.split("\n", 1)[1], options="--no-header", formula="x0**2",
             check=lambda result: result["rows"] == 40),
    answered(6, "semicolons and decimal commas", SQUARE.replace(",", ";").replace(".", ","),
             "separated by semicolons", "--decimal ,", formula="a**2"),
    answered(6, "tabs", SQUARE.replace(",", "\t"), "separated by tabs", "--sep", formula="a**2"),
    answered(7, "byte order mark", b"\xef\xbb\xbf" + SQUARE.encode(), formula="a**2",
             check=lambda result: result["inputs"] == ["a"]),
    answered(7, "UTF-16", SQUARE.encode("utf-16"), formula="a**2"),
    answered(7, "Latin-1", changed(1, "é,b").encode("latin-1"), "line 1 is not UTF-8", "--encoding", formula="e**2"),
    refused(7, "neither", changed(1, "é\x01,b").encode("latin-1"), "line 1 is not valid UTF-8", "--encoding"),
    answered(7, "Latin-1 by its name", changed(1, "é,b").encode("latin-1"), options="--encoding latin-1",
             formula="e**2", check=lambda result: result["names"] == {"e": "é"}),
    refused(7, "no such encoding", SQUARE, "no encoding is called 'klingon'", options="--encoding klingon"),
    answered(8, "CRLF, blank lines, commas at the ends", SQUARE.replace("\n", ",\r\n") + "\r\n\r\n",
             "dropped column 3: no name and no values", formula="a**2"),
    refused(9, "ragged", changed(4, "3,4,5"), "line 4 has 3 cells where the header has 2"),
    refused(10, "duplicate names", rows("a,a,b", lambda a, b: a), "come twice: 'a'"),
    Case(11, "odd names", odd_names),
    Case(12, "hostile name", hostile_name),
    refused(13, "no such target", SQUARE, "no column 'B'; did you mean 'b'?", options="--target B"),
    refused(14, "target among inputs", SQUARE, "target 'b' is also among the inputs",
            options="--target b --inputs a,b"),
    answered(14, "copy of the target", "a,c,b\n" + "".join(f"{i},{i * i},{i * i}\n" for i in range(1, 40)),
             "dropped input 'c': the same values as the target 'b'", formula="a**2"),
    refused(15, "blank cells", changed(3, ",4"), "missing cells in 'a' (1)", "line 3", "--missing drop"),
    answered(15, "--missing drop", changed(3, ",4"), "dropped 1 of 40 rows", options="--missing drop", formula="a**2",
             check=lambda result: result["rows"] == 39),
    refused(16, "infinite", changed(3, "inf,4"), "column 'a' is infinite in 1 row (line 3)"),
    refused(17, "thousands", changed(3, '3,"1,234"'), "line 3, column 'b': '1,234'", "thousands"),
    refused(17, "a unit in a cell", changed(3, "3,5 kg"), "line 3, column 'b': '5 kg'", "unit"),
    answered(17, "a row of units", changed(2, "m,m**2"), "line 2 is read as the units", "--units", formula="a**2"),
    refused(17, "words under the names", changed(2, "left,right"), "line 2 holds words", "--header 1-2", "--units"),
    refused(17, "a word for missing", changed(3, "3,none at all"), "'none at all'", "--na-values"),
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
    Case(24, "20 dummies", dummies),
    answered(25, "extreme scales", "h,f\n" + "".join(f"{i}.5e-34,{1e30 * (i + 0.5) ** 2!r}\n" for i in range(1, 60)),
             check=lambda result: result["best"]["r2"] > 1 - 1e-12 and same_power(result, 2)),
    refused(25, "scales whose squares are none", "h,f\n" + "".join(f"{i},{i}e200\n" for i in range(1, 60)),
            "column 'f' has values of size 6e+201", "other units"),
    answered(26, "integers beyond 2^53",
             "a,b\n" + "".join(f"{10**16 + i * 10**15 + 1},{20 + 2 * i}\n" for i in range(40)),
             "column 'a' has integers beyond 2^53, which lose their last digits", formula="a/500000000000000"),
    Case(26, "a file of float32", float32),
    Case(27, "many rows", many_rows),
    refused(28, "6000 columns", ",".join(f"c{i}" for i in range(6000)) + ("\n" + ",".join(["1"] * 6000)) * 6,
            "6000 columns", "at most 5000 are allowed", "--inputs"),
    Case(28, "2001 columns", many_columns, slow=True),
    answered(29, "a pole among the rows", rows("a,b", lambda a: 1 / (a - 2.5)), formula="1/(a - 2.5)"),
    answered(29, "an edge of the domain among the rows",
             "a,b\n0,1\n" + rows("a,b", lambda a: 3 * np.sqrt(a) + 1).split("\n", 1)[1], formula="3*sqrt(a) + 1"),
    Case(30, "outliers and repeated rows", outliers),
    Case(30, "one wrong number in 47 rows", one_wrong),
    Case(31, "a limit of one second", limited(1, noisy(2000))),
    Case(31, "a limit that nearly all takes longer than", limited(0.05, noisy(2000))),
    Case(31, "the same for a curve", limited(0.05, wave(200))),
    Case(32, "Ctrl-C", signalled(signal.SIGINT, 130)),
    Case(32, "SIGTERM", signalled(signal.SIGTERM, 143)),
    Case(32, "SIGALRM", signalled(signal.SIGALRM, 142)),
    Case(32, "two signals", twice),
    Case(32, "Ctrl-C while loading", while_loading(signal.SIGINT)),
    Case(32, "SIGTERM while loading", while_loading(signal.SIGTERM), slow=True),
    Case(32, "SIGHUP while loading", while_loading(signal.SIGHUP), slow=True),
    Case(33, "killed and resumed", killed, slow=True),
    Case(33, "resumed as another search", other_search),
    Case(34, "full disk", full_disk),
    Case(34, "read-only folder", read_only),
    Case(34, "existing output", existing),
    Case(34, "files of the user's", not_ours),
    Case(35, "damaged run", damaged),
    Case(35, "damaged result", damaged_result),
    Case(36, "compressed bomb", bomb),
    *sentences(),
    Case(36, "paths and names that are no text", odd_paths),
    *hostile_formulas(),
    wrong_units("unknown", "name,unit\nm,kg\ng,furlongz\nF,N\n", "units.csv: column 'g'", "furlongz"),
    wrong_units("missing", "name,unit\nm,kg\nF,N\n", "no unit for 'g'", "write 1"),
    wrong_units("impossible", "name,unit\nm,kg\ng,kg\nF,s\n",
                "no formula in m [kg], g [kg] can have the units of F [s]"),
    wrong_units("no such column", "name,unit\nm,kg\ngg,m\nF,s\n", "no column 'gg'"),
    Case(38, "PySR missing", no_julia),
    Case(39, "no GPU", no_gpu),
    Case(40, "the same seed on other machines",
         same_answers(
             first=([], {"PYTHONHASHSEED": "1"}),
             workers_and_threads=(["--jobs", "4"], {"PYTHONHASHSEED": "2", "OMP_NUM_THREADS": "2"}),
             decimal_commas=([], {"LC_ALL": "de_DE.UTF-8", "LANG": "de_DE.UTF-8", "LC_NUMERIC": "de_DE.UTF-8"}),
         ),
         slow=True),
    Case(40, "two runs in one folder", two_at_once),
    Case(40, "standard input", standard_input),
    Case(40, "closed pipe", closed_pipe),
    Case(40, "stderr closed or full", without_errors),
    Case(40, "stdout or stdin closed or full", without_output, slow=True),
]  # fmt: skip


def marked(case: Case) -> Any:
    name = re.sub(r"\W+", "-", f"{case.number:02} {case.what}")
    return pytest.param(case.run, id=name, marks=[pytest.mark.slow] if case.slow else [])


@pytest.mark.parametrize("run", list(map(marked, CASES)))
def test_a_fault(run: Run, tmp_path: Path) -> None:
    run(tmp_path)


def test_all_are_there() -> None:
    assert {case.number for case in CASES} == set(range(1, 41))
    assert len({(case.number, case.what) for case in CASES}) == len(CASES)
