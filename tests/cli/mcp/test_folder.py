"""Names of files that a client of `kansr mcp` sends: what is inside one folder, and nothing else."""

from __future__ import annotations

import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kansr.cli.mcp.folder import Folder
from kansr.errors import UsageError


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Folder:
    """A folder with files and links, beside which lies a secret."""
    home = tmp_path_factory.mktemp("home")
    root = home / "root"
    for sub in ("in", "run", "leaky"):
        (root / sub).mkdir(parents=True)
    (home / "secret.csv").write_text("a,b\n1,2\n")
    (root / "t.csv").write_text("a,b\n1,2\n")
    (root / "in" / "t.csv").write_text("a,b\n1,2\n")
    (root / "run" / "discovery.json").write_text("{}")
    (root / "good.csv").symlink_to(root / "in" / "t.csv")
    (root / "out.csv").symlink_to(home / "secret.csv")
    (root / "relative.csv").symlink_to("../secret.csv")
    (root / "out").symlink_to(home)
    (root / "dangling").symlink_to(home / "not-there")
    (root / "leaky" / "discovery.json").symlink_to(home / "secret.csv")
    (root / "loop").symlink_to("loop")
    os.mkfifo(root / "pipe")
    return Folder.at(root)


@pytest.mark.parametrize("name", ["t.csv", "./t.csv", "in/t.csv", "in//t.csv", "good.csv"])
def test_files_inside_are_found_also_through_links(folder: Folder, name: str) -> None:
    assert folder.file(name).read_text() == "a,b\n1,2\n"


OUTSIDE = [
    "../secret.csv",
    "in/../../secret.csv",
    "in/../t.csv",  # inside, but no .. at all is the rule that is easily kept
    "..",
    "out.csv",
    "relative.csv",
    "out/secret.csv",
    "out/root/t.csv/../../secret.csv",
    "dangling",
    "loop",
    "pipe",
    "in",
    "",
    "/etc/passwd",
    "..\\secret.csv",
    "C:\\t.csv",
    "t.csv\x00",
    "t.csv\ud800",
    "t\n.csv",
    "x" * 5000,
    "-",
    "~/t.csv",
]


@pytest.mark.parametrize("name", OUTSIDE)
def test_no_other_file_is_read(folder: Folder, name: str) -> None:
    with pytest.raises(UsageError):
        folder.file(name)


@pytest.mark.parametrize("name", ["../new", "out/new", "dangling", "t.csv", "run", "not/there", "/tmp/new", "..", "."])
def test_nothing_is_written_elsewhere_or_over_something(folder: Folder, name: str) -> None:
    with pytest.raises(UsageError):
        folder.new(name)


def test_a_new_name_is_inside(folder: Folder) -> None:
    assert folder.named(folder.new("in/new.html")) == "in/new.html"


def test_a_result_has_no_file_that_is_a_link_out(folder: Folder) -> None:
    assert folder.run("run").is_dir()
    for name in ("leaky", "leaky/discovery.json", "nothing", "pipe"):
        with pytest.raises(UsageError):
            folder.run(name)


PARTS = st.sampled_from(["..", ".", "", "in", "out", "t.csv", "secret.csv", "relative.csv", "\\", "C:", " ", "~"])


@settings(max_examples=50, deadline=None)
@given(st.lists(PARTS, min_size=1, max_size=6).map("/".join) | st.text(max_size=30))
def test_whatever_the_name_no_path_leads_out(folder: Folder, name: str) -> None:
    for door in (folder.file, folder.run, folder.new):
        try:
            path = door(name)
        except UsageError:
            continue
        assert path.resolve().is_relative_to(folder.root)


def test_there_has_to_be_a_folder(folder: Folder) -> None:
    with pytest.raises(UsageError, match="no such folder"):
        Folder.at(folder.root / "t.csv")
    with pytest.raises(UsageError, match="no such folder"):
        Folder.at(folder.root / ("x" * 5000))


def test_what_may_not_be_read_is_refused_in_a_sentence(folder: Folder) -> None:
    closed = folder.root / "closed"
    closed.mkdir()
    (closed / "t.csv").write_text("a,b\n1,2\n")
    closed.chmod(0)
    try:
        if os.access(closed / "t.csv", os.R_OK):
            pytest.skip("this user may read anything")
        for door, name in ((folder.file, "closed/t.csv"), (folder.run, "closed")):
            with pytest.raises(UsageError):
                door(name)
        assert folder.new("closed/new").parent == closed  # the command says that it cannot write there
    finally:
        closed.chmod(0o700)
