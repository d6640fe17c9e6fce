"""Reports in a browser: formulas have a size, nothing is fetched, nothing is wrong, and no name runs as a script."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from html import unescape
from pathlib import Path

import pytest
from support.pages import hostile, made

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs chromium, which apt-get install chromium brings")
FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking")
FLAGS += ("--disable-component-update", "--disable-sync", "--enable-logging=stderr", "--dump-dom")
# What the page looks like from inside; a test adds it, a report has no script of its own.
PROBE = """<script>
window.failed = []; window.alert = () => failed.push("alert"); addEventListener("error", e => failed.push(e.message));
addEventListener("load", () => {
  const boxes = [...document.querySelectorAll("math")].map(e => e.getBoundingClientRect());
  const said = {
    math: boxes.map(b => [b.width, b.height]), dark: matchMedia("(prefers-color-scheme: dark)").matches, failed,
    scripts: document.scripts.length, fetched: performance.getEntriesByType("resource").map(e => e.name),
    over: document.documentElement.scrollWidth - document.documentElement.clientWidth,
    paper: getComputedStyle(document.body).backgroundColor, ink: getComputedStyle(document.body).color,
    label: getComputedStyle(document.querySelector(".chart text")).fill, text: document.body.innerText,
    unhinted: [...document.querySelectorAll("body *")].filter(e => e.scrollWidth > e.clientWidth + 1)
      .filter(e => getComputedStyle(e).overflowX == "auto" && !getComputedStyle(e).backgroundImage.includes("gradient"))
      .map(e => e.className || e.tagName),
    dots: [...document.querySelectorAll(".chart .front")].map(
      e => [e.classList.contains("chosen"), parseFloat(getComputedStyle(e).strokeWidth)]),
    charts: [...document.querySelectorAll("svg")].map(e => e.getBoundingClientRect().width),
  };
  const node = document.createElement("pre"); node.id = "probe"; node.textContent = JSON.stringify(said);
  document.body.append(node);
});</script>"""


def seen(file: Path, page: str, width: int, *flags: str) -> dict:
    """What the probe says of the page in a window of this width, and what came to the console."""
    assert CHROMIUM is not None
    file.write_text(page.replace("</head>", f"{PROBE}</head>"), encoding="utf-8")
    profile = file.with_suffix(".profile")
    command = [CHROMIUM, *FLAGS, *flags, f"--user-data-dir={profile}", f"--window-size={width},900", file.as_uri()]
    done = subprocess.run(command, capture_output=True, timeout=120)
    found = re.search(r'<pre id="probe">(.*?)</pre>', done.stdout.decode(), re.S)
    assert found is not None, done.stderr.decode()[-2000:]
    console = [line for line in done.stderr.decode().splitlines() if "CONSOLE" in line]
    return {**json.loads(unescape(found[1])), "console": console}


CASES = {"wide, odd names": (hostile, 1200, ()), "narrow, odd names": (hostile, 400, ())}
CASES["narrow, dark"] = (lambda: made("2*a**1.5 + b", noise=0.1), 400, ("--blink-settings=preferredColorScheme=0",))


@pytest.mark.parametrize(("discovery", "width", "flags"), CASES.values(), ids=CASES)
def test_a_browser_shows_a_report(discovery, width: int, flags: tuple[str, ...], tmp_path: Path) -> None:
    found = discovery()
    path = tmp_path / "law.html"
    found.report(path)
    said = seen(path, path.read_text(encoding="utf-8"), width, *flags)
    assert not said["console"] and not said["failed"] and not said["fetched"]
    assert said["scripts"] == 1  # the probe
    assert len(said["math"]) > 3 and all(w > 5 and h > 5 for w, h in said["math"])
    assert not said["unhinted"]  # what is wider than its place says so
    large = [width for chosen, width in said["dots"] if chosen]
    assert len(large) == (len(found.front) > 1)  # one formula alone has no chart
    assert all(large[0] >= 1.5 * width for chosen, width in said["dots"] if not chosen)
    assert said["over"] <= 0  # nothing makes the page wider than the window
    assert len(said["charts"]) > 4 and min(said["charts"]) > 200
    assert all(name in said["text"] for name in found.columns.values())
    assert said["dark"] == bool(flags) and said["label"] != said["paper"]
    assert (brightness(said["paper"]) < brightness(said["ink"])) == said["dark"]


def brightness(colour: str) -> int:
    return sum(map(int, re.findall(r"\d+", colour)[:3]))
