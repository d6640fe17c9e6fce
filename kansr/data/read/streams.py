"""Read the bytes of a table from a file, standard input or a stream, piece by piece."""

from __future__ import annotations

import codecs
import contextlib
import gzip
import io
import re
import stat
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, cast

from kansr.errors import DataError, UsageError
from kansr.runtime.alarm import OutOfTime

PIECE = 1 << 24  # bytes of text read at a time, and the longest line
LATIN = "cp1252"  # the superset of Latin-1 that Windows writes; control characters of Latin-1 are undefined in it
CONTROL = re.compile(rb"[\x00-\x08\x0b\x0e-\x1f\x7f]")
Source = str | Path | BinaryIO


@contextlib.contextmanager
def opened(source: Source) -> Iterator[tuple[str, io.BufferedReader[Any]]]:
    """The name of the source for messages, and a stream of its bytes, decompressed where it is gzip.

    source: a path, "-" for standard input, or a binary stream. Raises DataError, also during reading, where it cannot
    be read.
    """
    if getattr(source, "closed", False):
        raise DataError(f"{getattr(source, 'name', 'the stream')} is closed: open it again, in binary mode")
    with contextlib.ExitStack() as files:
        name = str(source) if isinstance(source, str | Path) else str(getattr(source, "name", "the stream"))
        try:
            stream: io.BufferedReader[Any]
            if not isinstance(source, str | Path):
                stream = _buffered(source)
            elif str(source) == "-":
                name = "standard input"
                if sys.stdin is None:
                    raise DataError("standard input is closed; name a file, or pipe a table into it")
                stream = _buffered(sys.stdin.buffer)
            else:
                stream = files.enter_context(_file(source))
            if stream.peek(2).startswith(b"\x1f\x8b"):
                stream = io.BufferedReader(gzip.GzipFile(fileobj=stream))
            yield name, stream
        except OutOfTime:  # an OSError, but none of the file
            raise
        except FileNotFoundError as err:
            raise DataError(f"no such file: {source}") from err
        except IsADirectoryError as err:
            raise DataError(f"{source} is a directory; name a file in it") from err
        except PermissionError as err:
            raise DataError(f"no permission to read {source}") from err
        except (gzip.BadGzipFile, EOFError, zlib.error) as err:
            raise DataError(f"{name} is a damaged gzip file ({err}); copy it again") from err
        except OSError as err:
            raise DataError(f"cannot read {name}: {err}") from err


def identity(source: Source) -> tuple[int, ...] | None:
    """What tells whether a file is still what it was; None for what is no regular file, and can be read only once."""
    if not isinstance(source, str | Path) or str(source) == "-":
        return None
    with contextlib.suppress(OSError, ValueError):  # what cannot be looked at is refused where it is opened
        there = Path(source).stat()
        if stat.S_ISREG(there.st_mode):
            return there.st_dev, there.st_ino, there.st_size, there.st_mtime_ns
    return None


def _buffered(stream: BinaryIO) -> io.BufferedReader[Any]:
    if isinstance(stream, io.TextIOBase):
        raise DataError(f"{getattr(stream, 'name', 'the stream')} is open as text: open it in binary mode, 'rb'")
    return cast(
        "io.BufferedReader[Any]", stream if hasattr(stream, "peek") else io.BufferedReader(io.BytesIO(stream.read()))
    )


def _file(path: str | Path) -> io.BufferedReader[Any]:
    try:
        return Path(path).open("rb")
    except ValueError as err:  # a NUL in the name
        raise DataError(f"cannot read {path!r}: {err}") from err


class Piece(NamedTuple):
    """Whole lines of a text: UTF-8, ended by newlines, without a byte order mark; and what is worth telling."""

    raw: bytes
    note: str = ""


def pieces(stream: io.BufferedReader[Any], source: str, encoding: str) -> Iterator[Piece]:
    """The text in pieces of whole lines. What is not UTF-8, and holds no control characters, is taken for Latin-1.

    source: its name for messages. Raises UsageError for an unknown encoding, and DataError, with the line, for bytes
    that are not text in it.
    """
    start = stream.peek(2)[:2]
    if start in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        encoding = "utf-16"
    decoder = _decoder(encoding)
    rest, line, note = "", 1, ""
    raw = stream.read(PIECE)
    while raw:
        following = stream.read(PIECE)
        try:
            decoded = decoder.decode(raw, final=not following)
        except UnicodeError as err:
            at = line + rest.count("\n") + raw.count(b"\n", 0, getattr(err, "start", 0))
            if line > 1 or not _may_be_latin(raw, encoding):
                raise DataError(
                    f"{source}: line {at} is not valid {encoding.upper()}; save the file as UTF-8, or name its "
                    "encoding, as with --encoding latin-1"
                ) from err
            note = f"line {at} is not UTF-8: letters are read as Latin-1 ({LATIN}; --encoding says otherwise)"
            decoder = _decoder(LATIN)
            decoded = decoder.decode(raw, final=not following)
        text = rest + decoded
        cut = text.rfind("\n") + 1 if following else len(text)
        if "\0" in text:
            line += text[: text.index("\0")].count("\n")
            raise DataError(f"{source}: line {line} holds NUL bytes; this is not a text table")
        if following and not cut:
            raise DataError(f"{source}: line {line} has more than {PIECE} letters; this is not a table")
        yield Piece(text[:cut].encode(), note)
        line += text.count("\n")
        rest, raw, note = text[cut:], following, ""


def _decoder(encoding: str) -> io.IncrementalNewlineDecoder:
    """What decodes bytes and ends lines by newlines. Raises UsageError for an unknown encoding."""
    try:
        found = codecs.lookup(encoding)
        if not getattr(found, "_is_text_encoding", True):  # base64, rot13 and the like turn bytes into bytes
            raise LookupError
        codec = "utf-8-sig" if found.name == "utf-8" else encoding
        return io.IncrementalNewlineDecoder(codecs.getincrementaldecoder(codec)(), translate=True)
    except (LookupError, TypeError, ValueError) as err:
        raise UsageError(f"no encoding is called {encoding!r}; names are utf-8, latin-1, cp1252 or utf-16") from err


def _may_be_latin(raw: bytes, encoding: str) -> bool:
    """Whether bytes that are not UTF-8 look like text in Latin-1: without control characters, and all defined."""
    if codecs.lookup(encoding).name != "utf-8" or CONTROL.search(raw):
        return False
    try:
        raw.decode(LATIN)
    except UnicodeError:
        return False
    return True
