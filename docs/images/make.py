"""The pictures of README: python docs/images/make.py

terminal.svg is what `kansr demo` prints on a terminal of 80 columns, report.png the beginning of the page that
`kansr demo ideal_gas --report` writes, as chromium shows it. Seconds differ from run to run.
"""

from __future__ import annotations

import io
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from PIL import Image
from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from rich.terminal_theme import DIMMED_MONOKAI
from rich.text import Text

import kansr
from kansr.runtime.resources import shipped
from kansr.show.summary import styled

HERE = Path(__file__).parent
COLUMNS = 80
WINDOW = (1000, 1180)  # pixels of the page that are shown
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
# rich's picture fetches its font from elsewhere; a reader's own will do
FORMAT = re.sub(r"@font-face \{\{.*?\}\}\s*", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL)


def terminal(table: str) -> str:
    """The picture of `kansr demo TABLE`, as SVG."""
    found = kansr.discover(shipped(f"datasets/{table}.csv"))
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True, color_system="truecolor")
    console.print(Text("$ kansr demo\n", style="dim"))
    console.print(styled(found, COLUMNS), soft_wrap=True)
    return console.export_svg(title="kansr demo", theme=DIMMED_MONOKAI, code_format=FORMAT, unique_id="kansr")


def report(table: str) -> Image.Image:
    """The beginning of the report on a table, as chromium shows it."""
    browser = next(filter(None, map(shutil.which, BROWSERS)))
    with tempfile.TemporaryDirectory() as folder:
        page, picture = Path(folder) / "law.html", Path(folder) / "law.png"
        kansr.discover(shipped(f"datasets/{table}.csv")).report(page)
        flags = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--hide-scrollbars",
            f"--user-data-dir={folder}/profile",
        ]
        size = f"--window-size={WINDOW[0]},{WINDOW[1]}"
        subprocess.run(
            [browser, *flags, size, f"--screenshot={picture}", page.as_uri()], check=True, capture_output=True
        )
        with Image.open(picture) as image:
            return image.convert("RGB").quantize(128)


def main() -> None:
    (HERE / "terminal.svg").write_text(terminal("kepler"), encoding="utf-8")
    report("ideal_gas").save(HERE / "report.png", optimize=True)


if __name__ == "__main__":
    main()
