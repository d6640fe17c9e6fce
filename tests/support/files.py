"""CSV files in many dialects and the values they hold."""

from __future__ import annotations

import gzip

VALUES = [[1, 2.5], [2, 3.5], [3, 4.5], [4, 5.5], [5, 7.5]]


def table(*changes: tuple[int, str], header: str = "a,b") -> str:
    """Six rows under a header in line 1, some of their lines (numbered as in the file) changed."""
    lines = [header, "1,2.5", "2,3.5", "3,4.5", "4,5.5", "5,7.5", "6,8.5"]
    for number, line in changes:
        lines[number - 1] = line
    return "\n".join(lines) + "\n"


ROWS = "1,2.5\n2,3.5\n3,4.5\n4,5.5\n5,7.5\n"
PLAIN = "a,b\n" + ROWS

ACCEPTED = {
    "plain": PLAIN,
    "no newline at the end": PLAIN.rstrip(),
    "CRLF": PLAIN.replace("\n", "\r\n"),
    "old Mac": PLAIN.replace("\n", "\r"),
    "semicolons": PLAIN.replace(",", ";"),
    "tabs": PLAIN.replace(",", "\t"),
    "bars": PLAIN.replace(",", "|"),
    "blanks": PLAIN.replace(",", "   ").replace("\n", " \n  "),
    "comma and blank": PLAIN.replace(",", " , "),
    "semicolons, decimal comma": PLAIN.replace(",", ";").replace(".", ","),
    "tabs, decimal comma": PLAIN.replace(",", "\t").replace(".", ","),
    "byte order mark": b"\xef\xbb\xbf" + PLAIN.encode(),
    "UTF-16": PLAIN.encode("utf-16"),
    "gzip": gzip.compress(PLAIN.encode()),
    "blank lines at the end": PLAIN + "\n\n  \n",
    "blank lines between": PLAIN.replace("\n", "\n\n"),
    "comments": "# a table\n  # of two columns\n\n" + PLAIN,
    "quoted": '"a","b"\n' + ROWS.replace("2.5", '"2.5"'),
    "comma at the end of rows": "a,b\n" + ROWS.replace("\n", ",\n"),
    "comma at the end of the header": "a,b,\n" + ROWS,
    "comma at the end of both": PLAIN.replace("\n", ",\n"),
    "empty rows at the end": PLAIN + ",\n,\n",
}
