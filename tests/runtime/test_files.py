"""Files are written whole, never through a link, into a pipe or over a device, and read up to a size."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from kansr.errors import UsageError
from kansr.runtime.files import append, create, exists, is_file, is_folder, keep_damaged, read, read_own, write

pytestmark = pytest.mark.skipif(os.name != "posix", reason="links and pipes of a POSIX system")


def hard_link(path: Path) -> None:
    path.with_name("target").write_text("mine")
    path.hardlink_to(path.with_name("target"))


def link(path: Path) -> None:
    path.with_name("target").write_text("mine")
    path.symlink_to(path.with_name("target"))


def sparse(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(8 << 30)


NOT_OWN: dict[str, tuple[Callable[[Path], object], str]] = {
    "link": (link, "it is a link"),
    "link to nothing": (lambda path: path.symlink_to("nowhere"), "it is a link"),
    "hard link": (hard_link, "second hard link"),
    "pipe": (os.mkfifo, "not a regular file"),
    "folder": (Path.mkdir, "directory"),
    "8 GB": (sparse, "more than 1000 bytes"),
}


@pytest.mark.parametrize(("make", "words"), NOT_OWN.values(), ids=NOT_OWN)
def test_what_is_no_file_of_ours_is_not_read_to_be_written_on(
    make: Callable[[Path], object], words: str, tmp_path: Path
) -> None:
    make(tmp_path / "file")
    with pytest.raises(OSError, match=words):
        read_own(tmp_path / "file", 1000)


@pytest.mark.parametrize("make", [link, os.mkfifo])
def test_nothing_is_created_or_appended_through_a_link_or_a_pipe(
    make: Callable[[Path], object], tmp_path: Path
) -> None:
    make(tmp_path / "file")
    for act in (lambda: create(tmp_path / "file", b"ours"), lambda: append(tmp_path / "file", "ours")):
        with pytest.raises(OSError):
            act()
    assert make is os.mkfifo or (tmp_path / "target").read_text() == "mine"


def test_a_file_is_replaced_whole_and_a_link_by_a_file(tmp_path: Path) -> None:
    link(tmp_path / "file")
    write(tmp_path / "file", "ours")
    assert (tmp_path / "file").read_text() == "ours" and not (tmp_path / "file").is_symlink()
    assert (tmp_path / "target").read_text() == "mine"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "target"]


@pytest.mark.parametrize("make", [os.mkfifo, Path.mkdir])
def test_what_is_no_file_is_not_replaced(make: Callable[[Path], object], tmp_path: Path) -> None:
    make(tmp_path / "there")
    with pytest.raises(UsageError, match="not a regular file"):
        write(tmp_path / "there", "ours")
    assert not (tmp_path / "there").is_file()


def test_damaged_files_are_kept_under_names_that_are_free(tmp_path: Path) -> None:
    names = [keep_damaged(tmp_path / "file", bytes([number])).name for number in range(3)]
    assert names == ["file.damaged", "file.damaged2", "file.damaged3"]
    assert [(tmp_path / name).read_bytes() for name in names] == [b"\0", b"\1", b"\2"]


def test_a_file_is_read_up_to_a_size(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"12345")
    assert read(tmp_path / "file", 5) == b"12345"
    with pytest.raises(OSError, match="more than 4 bytes"):
        read(tmp_path / "file", 4)


@pytest.mark.parametrize("name", ["q" * 5000, "a\0b"])
def test_what_can_be_no_name_is_not_there(name: str) -> None:
    assert not exists(Path(name)) and not is_file(Path(name)) and not is_folder(Path(name))
