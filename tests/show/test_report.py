"""Reports: what is on the page, charts and networks as arrays become SVG, and rows that are kept beside a result."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.command import call
from support.pages import hostile, made
from support.paths import KEPLER

import kansr
from kansr.api.discovery import Discovery
from kansr.cli.report import page_path
from kansr.data.dataset import Dataset
from kansr.data.excerpt import MOST_ROWS, csv_text, excerpt, read_excerpt
from kansr.data.grouping import Grouping
from kansr.errors import DataError, UsageError
from kansr.expression.parse import parse
from kansr.expression.render import mathematics
from kansr.formula.judge.baseline import baseline
from kansr.result.formula_graph import formula_graph
from kansr.result.graph import Edge, Graph, Node, NodeType
from kansr.result.result import Status
from kansr.show.digits import constants, shortener
from kansr.show.report.axis import Axis, spanning
from kansr.show.report.charts import Frame
from kansr.show.report.drawing import drawing
from kansr.show.report.layout import BOX, ROW, TALL, layout
from kansr.show.report.mathml import equation, mathml, pieces
from kansr.show.report.page import page
from kansr.store.with_rows import read

SPACES = {"m": "{http://www.w3.org/1998/Math/MathML}", "s": "{http://www.w3.org/2000/svg}"}
RNG = np.random.default_rng(0)


def constant() -> Discovery:
    """What a search for nothing ends with."""
    return replace(made("1.5", noise=1.0), status=Status.NOTHING)


def moved(found: Discovery, by: float) -> Discovery:
    """The discovery beside rows with other inputs, where the law may have no value."""
    assert found.excerpt is not None
    return replace(found, excerpt=replace(found.excerpt, X=found.excerpt.X + by))


PAGES = {
    "long, odd names": hostile,
    "one input": lambda: made("2*a**1.5", noise=0.1),
    "exact": lambda: made("a*b"),
    "nothing": constant,
    "no rows": lambda: replace(made("a*b/c"), excerpt=None),
    "two rows": lambda: baseline(Dataset(np.ones((2, 1)), np.array([1.0, 1.0]), ("a",), "y")),
    "huge": lambda: made("1e30*a/b", noise=0.01),
    "tiny": lambda: made("1e-30*a/b", noise=0.01),
    "not defined everywhere": lambda: moved(made("b*log(a)", noise=0.1), -1.5),
}


@pytest.mark.parametrize("discovery", PAGES.values(), ids=PAGES)
def test_a_page_is_whole_and_needs_nothing_else(discovery) -> None:
    text = page(discovery())
    assert text.startswith("<!doctype html>") and text.rstrip().endswith("</html>")
    for element in re.findall(r"<svg.*?</svg>|<math.*?</math>", text, flags=re.S):
        ElementTree.fromstring(element)
    assert set(re.findall(r"(?:src|href)=\"([^\"]*)\"", text)) == {"data:,"}
    assert not re.search(r"url\(|@import|<script|<link(?! rel=\"icon\")", text)
    assert set(re.findall(r"https?://[^\"]*", text)) <= {space[1:-1] for space in SPACES.values()}
    assert not re.search(r"\bnan\b|\binf\b", re.sub(r"<[^>]*>", "", text))


@pytest.fixture(scope="module")
def odd() -> str:
    """The page of a long formula of columns with odd names."""
    return page(hostile())


def test_names_are_text_whatever_they_say(odd: str) -> None:
    assert "<script>alert" not in odd and "<b>" not in odd
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in odd
    assert "__import__(&#39;os&#39;).system(&#39;true&#39;)" in odd


# What has to be on a page.
SAID = {
    "the law": "<msup>",
    "status": 'class="badge best_effort"',
    "rival": "cannot rule out",
    "interval": "95 % interval",
    "unit": "<td>kg</td>",
    "network": 'class="line curve"',
    "rows left out": "of 3000 rows are so far from any smooth law",
    "note": "a note with &lt;i&gt;tags&lt;/i&gt;",
    "command": "kansr discover table.csv --seed 3",
    "excerpt": "2000 rows drawn at random of 2998",
    "ignored": "not used",
    "held out": 'class="dots held',
}


@pytest.mark.parametrize("part", SAID.values(), ids=SAID)
def test_a_page_says(part: str, odd: str) -> None:
    assert part in odd


def test_a_page_is_the_same_every_time(odd: str) -> None:
    assert page(hostile()) == odd


TYPESET = {
    "a**(3/2)": "a3/2",
    "0.25*a*b/(c*d**2)": "0.25abcd2",
    "a - 2*b": "a−2b",
    "-(a + b)*c": "c(−a−b)",
    "exp(-0.5*a)": "e−0.5a",
    "exp(-a/b)": "exp\u2061(−ab)",
    "sin(a)**2": "sin2\u2061(a)",
    "abs(a/b)": "|ab|",
    "a/sqrt(2*pi)": "a2π",
    "1e-20*a": "10−20a",
    "3.2e7*a": "3.2×107a",
    "2**a": "2a",
    "1/(a + b)": "1a+b",
    "(-2)**a": "(−2)a",
    "a**b": "ab",
}


@pytest.mark.parametrize(("text", "letters"), TYPESET.items())
def test_formulas_are_typeset(text: str, letters: str) -> None:
    root = ElementTree.fromstring(mathml(parse(text)))
    assert "".join(root.itertext()) == letters
    names = [e for e in root.iter(f"{SPACES['m']}mi") if e.text in set("abcd")]
    assert names and {e.get("mathvariant") for e in names} == {"normal"}


def test_a_sum_can_be_broken_between_its_terms() -> None:
    parts = ["".join(ElementTree.fromstring(part).itertext()) for part in equation("y", parse("a - b/2 + c*a"))]
    assert parts[0].startswith("y=") and len(parts) == 3 and "".join(parts).count("−") == 1
    assert len(pieces(parse("a*b"))) == 1


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("2*x**2*sqrt(y)", "2·x²·√y"),
        ("x**-2", "x⁻²"),
        ("x**2.5", "x^2.5"),
        ("pi*x - 1e-5", "π·x − 1e-05"),
        ("a2**12*x", "a2¹²·x"),
        ("sqrt(x + y)", "√(x + y)"),
        ("exp(-x)*spi", "spi·exp(−x)"),
    ],
)
def test_mathematics_on_one_line(text: str, line: str) -> None:
    assert mathematics(parse(text)) == line


numbers = st.floats(-1e12, 1e12, allow_nan=False)


@settings(max_examples=50)
@given(st.lists(numbers, min_size=1, max_size=20), st.booleans())
def test_an_axis_covers_its_values_and_has_ticks(values: list[float], log: bool) -> None:
    array = np.abs(values) + 1e-9 if log else np.array(values)
    axis = spanning(array, log=log)
    places = axis.place(array)
    assert ((places >= 0) & (places <= 1)).all()
    ticks = [value for value, _ in axis.ticks()]
    assert 1 <= len(ticks) <= 12 and ticks == sorted(ticks) and len({text for _, text in axis.ticks()}) == len(ticks)
    assert all(axis.low <= value <= axis.high for value in ticks)


def test_dots_stay_inside_the_frame_and_lines_break_at_gaps() -> None:
    frame = Frame(Axis(0, 10), Axis(0, 10))
    x = np.array([1.0, 5.0, np.nan, 11.0, 3.0])
    assert frame.dots(x, np.full(5, 2.0)).count("h0") == 3
    assert frame.line(np.arange(5.0), np.array([1, 2, np.nan, 3, 4])).count("M") == 2


FITTED = [
    ((423.9371, 0.02), ("423.937", "0.020", "423.898", "423.976")),
    ((-5.40794, 0.016), ("-5.408", "0.016", "-5.439", "-5.377")),
    ((7.2e-5, 2.2e-7), ("7.200e-05", "0.022e-05", "7.157e-05", "7.243e-05")),
    ((2.0, 0.0), ("2", "exact", "", "")),
    ((0.1, np.inf), ("0.1", "exact", "", "")),
    ((0.0, 0.5), ("0.00", "0.50", "-0.98", "0.98")),
]


@pytest.mark.parametrize(("fitted", "cells"), FITTED)
def test_constants_have_the_digits_that_mean_something(fitted: tuple[float, float], cells: tuple[str, ...]) -> None:
    (row,) = constants([fitted], rows=10_000)
    assert (row.value, row.error, row.low, row.high) == cells


def test_the_interval_is_wider_for_few_rows() -> None:
    (few,), (many,) = constants([(1.0, 0.1)], 4), constants([(1.0, 0.1)], 4000)
    assert (few.high, many.high) == ("1.32", "1.20")  # Student's quantile is 3.18 for 3 degrees of freedom
    assert shortener([(1.23456789, 0.01)])(1.23456789) == "1.235"


FORMULAS = ["a", "a*b*c", "exp(a*b) + c", "(a + b*c)**2/(1 + c**2)", "a**b + c", "sin(a*b) + sin(a*b)**2*exp(c + a)"]
DATA = Dataset(RNG.uniform(1, 2, (200, 3)), np.ones(200), ("a", "b", "c"))


@pytest.mark.parametrize("text", FORMULAS)
def test_nothing_in_a_network_lies_upon_something_else(text: str) -> None:
    graph = formula_graph(parse(text), DATA, "test", 0.0)
    assert graph is not None
    places = layout(graph, 4)
    assert set(places.edges) == set(range(len(graph.edges)))
    boxes = list(places.edges.values())
    for i, (x, y) in enumerate(boxes):
        assert all(abs(x - u) >= BOX or abs(y - v) >= min(ROW, TALL) for u, v in boxes[:i])
        assert x - BOX / 2 > 0 and x + BOX / 2 < places.width and ROW / 2 <= y <= places.height - ROW / 2
    for i, edge in enumerate(graph.edges):
        assert places.nodes[edge.source][0] < boxes[i][0] < places.nodes[edge.target][0]
    text = drawing(graph, {"a": "<a>"})
    assert text.count('class="box"') == len(graph.edges) and "&lt;a&gt;" in text


def test_a_match_is_drawn_beside_a_curve_that_differs() -> None:
    x = np.linspace(0, 3, 50)
    nodes = (Node("a", NodeType.INPUT), Node("y", NodeType.SUM))
    for match, beside in (("sin(a)", False), ("a/3", True), ("", False), ("no formula (", False)):
        graph = Graph(nodes, (Edge("a", "y", x, np.sin(x), match=match),), "test", 0.0)
        assert ('class="line match"' in drawing(graph, {})) == beside


finite = st.floats(allow_nan=False, allow_infinity=False, width=64)


@settings(max_examples=30)
@given(st.lists(st.tuples(finite, finite, finite, st.booleans()), min_size=1, max_size=8), st.booleans())
def test_rows_read_back_as_they_were(tmp_path_factory, rows, known: bool) -> None:
    a, b, y, held = map(np.array, zip(*rows))
    sigma = np.full(len(y), 0.1) if known else None
    kept = excerpt(Dataset(np.column_stack([a, b]), y, ("a", "b"), sigma=sigma), held, 0)
    file = tmp_path_factory.mktemp("rows") / "rows.csv"
    file.write_text(csv_text(kept, ("a", "b"), "y"), encoding="utf-8")
    again = read_excerpt(file, ("a", "b"), "y")
    for name in ("X", "y", "row", "held_out"):
        assert (getattr(again, name) == getattr(kept, name)).all()
    assert (again.sigma is None) == (sigma is None)


def test_labels_read_back_as_they_were(tmp_path: Path) -> None:
    labels = ("a", "two\nlines", "a\u2028b", 'x,"y"', "\x85c")
    data = Dataset(np.ones((5, 1)), np.arange(5.0), ("a",), grouping=Grouping("g", labels, np.arange(5)))
    (tmp_path / "rows.csv").write_text(
        csv_text(excerpt(data, np.zeros(5, dtype=bool), 0), ("a",), "y"), "utf-8", newline=""
    )
    assert read_excerpt(tmp_path / "rows.csv", ("a",), "y").labels == labels


@pytest.mark.parametrize(
    "text",
    [
        "",
        "row,held_out,a\n",
        "row,held_out,a,y\n0,0,1\n",
        "row,held_out,a,y\n0,0,x,1\n",
        "row,held_out,a,y\n0,0,inf,1\n",
    ],
)
def test_rows_that_do_not_belong_are_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text(text)
    with pytest.raises(DataError, match="rows"):
        read_excerpt(tmp_path / "rows.csv", ("a",), "y")


def test_few_rows_are_drawn_of_many() -> None:
    data = Dataset(RNG.normal(size=(5000, 1)), np.arange(5000.0), ("a",))
    some = excerpt(data, np.arange(5000) % 4 == 0, 1)
    assert len(some.y) == MOST_ROWS and (np.diff(some.row) > 0).all() and (some.y == some.row).all()
    assert (some.held_out == (some.row % 4 == 0)).all()


def test_discover_writes_a_report_and_report_writes_it_again(tmp_path: Path) -> None:
    file, run = tmp_path / "law.html", tmp_path / "run"
    done = call("discover", KEPLER, "--report", file, "--out", run)
    assert done.returncode == 0
    said = call("report", run)
    assert (said.returncode, said.stdout) == (0, "") and "report.html" in said.stderr
    first, second = file.read_text(), (run / "report.html").read_text()
    assert f"kansr discover {KEPLER} --report" in first
    assert first == second
    assert kansr.load(run).best.expr == parse("semi_major_axis_au**(3/2)")
    (run / "rows.csv").write_text("row,held_out,b,y\n0,0,1,2\n")
    with pytest.raises(DataError, match="does not belong"):
        read(run)


@pytest.mark.parametrize(("path", "words"), [("law.csv", "law.html"), ("no/such/law.html", "there is no no/such")])
def test_a_report_that_cannot_be_written_is_refused_at_once(path: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        page_path(Path(path))


def test_a_notebook_shows_a_discovery() -> None:
    found = hostile()
    text = found._repr_html_()
    assert "<script" not in text and "&lt;script&gt;" in text
    ElementTree.fromstring(f"<body>{text}</body>".replace("<br>", "<br/>"))
    assert text.count("<tr>") == 1 + len(found.front) and "<math" in text
    assert made("2*a**1.5")._repr_latex_() == r"$\displaystyle y = 2 a^{1.5}$"


@pytest.mark.parametrize("kind", ["law", "front", "structure"])
@pytest.mark.parametrize("discovery", [hostile, lambda: made("a*b", noise=0.1)], ids=["odd", "plain"])
def test_figures_are_drawn(kind: str, discovery, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    figure = discovery().plot(kind)
    assert figure._repr_png_().startswith(b"\x89PNG")
    assert not list(tmp_path.iterdir())


def test_figures_that_cannot_be_drawn_say_why() -> None:
    with pytest.raises(UsageError, match="law, front, structure"):
        made("a").plot("nonsense")  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="no structure"):
        made("1.5").plot("structure")
    with pytest.raises(UsageError, match=r"rows\.csv"):
        replace(made("a"), excerpt=None).plot()


def test_figures_show_what_was_left_out() -> None:
    parity, left = made("a*b", noise=0.1, wrong=(3,)).plot().axes
    assert [line.get_label() for line in parity.lines][:3] == ["fitted", "held out", "left out"]
    assert len(left.lines[2].get_xdata()) == 1 and left.get_ylim()[1] < left.lines[2].get_ydata()[0]


def test_what_a_discovery_holds_is_shown_as_people_expect() -> None:
    found = hostile()
    assert repr(found.best).startswith("<Candidate ") and found.best._repr_latex_().startswith("$\\displaystyle ")
    assert len(repr(found.front).splitlines()) == 2 + len(found.front) and ">" in repr(found.front).splitlines()[-1]
    ElementTree.fromstring(found.front._repr_html_())
    shown = made("2*a**1.5 + b").structure
    assert shown is not None and "y = " in repr(shown)
    assert "<b>" not in replace(shown, origin="<b>")._repr_html_()
