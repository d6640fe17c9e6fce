"""What the site holds beside the pages of docs/, made when it is built: commands, tutorials, pages from elsewhere."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parent.parent
MOVED = {  # page of the repository -> page of the site
    "benchmarks/README.md": "benchmarks.md",
    "benchmarks/latest.md": "latest.md",
    **{f"benchmarks/results/{path.name}": f"results/{path.name}" for path in ROOT.glob("benchmarks/results/2*.md")},
    "benchmarks/results/README.md": "results/index.md",
    "CHANGELOG.md": "changelog.md",
    "datasets/README.md": "datasets.md",
}
PLACES = {**MOVED, "README.md": "index.md"}  # the page that says what README begins with
SHOWN = ("grammars/expression.lark", "benchmarks/results/current.json")  # files that pages link to
LINK = re.compile(r"\]\((?!\w+:|#)([^)#\s]+)")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Adds the pages that are made here."""
    for source, name in MOVED.items():
        files.append(File.generated(config, name, content=(ROOT / source).read_text(encoding="utf-8")))
    for script in sorted((ROOT / "docs" / "tutorials").glob("*.py")):
        files.append(File.generated(config, f"tutorials/{script.stem}.md", content=tutorial(script)))
    for name in SHOWN:
        files.append(File.generated(config, name, abs_src_path=str(ROOT / name)))
    files.append(File.generated(config, "cli.md", content=commands()))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Sections of README where a page asks for them, and links as they are in the repository turned to the site's."""
    markdown = re.sub(r"<!-- README: (.*?) -->", lambda match: section(match[1]), markdown)
    markdown = LINK.sub(lambda link: f"]({_on_the_site(link[1], page.file.src_uri)}", markdown)
    markdown = re.sub(r"\[docs/(\w+)(?:\.md)?\]", r"[\1]", markdown)
    markdown = re.sub(r"`[^`\n]*`", lambda code: code[0].replace("\\|", "|"), markdown)  # GitHub needs the backslash
    return re.sub(
        r"\]\((?:docs/)?tutorials(?:/(\w+)\.py)?\)", lambda m: f"](tutorials/{m[1] or 'function_fitting'}.md)", markdown
    )


def _on_the_site(link: str, page: str) -> str:
    """A link as it is in the repository, on a page of the site; README's are from its root, wherever they are shown."""
    origin = next((source for source, name in MOVED.items() if name == page), f"docs/{page}")
    for target in (posixpath.normpath(posixpath.join(posixpath.dirname(origin), link)), link):
        if (ROOT / target).is_file() and (target in PLACES or target in SHOWN or target.startswith("docs/")):
            place = PLACES.get(target, target.removeprefix("docs/"))
            return posixpath.relpath(place, posixpath.dirname(page) or ".")
    return link


def section(heading: str) -> str:
    """What README says under a heading."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    return readme.split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0].strip()


def tutorial(script: Path) -> str:
    """A tutorial as a page: what it says of itself, and the code."""
    head, code = re.fullmatch(r'"""(.*?)"""\n\n?(.*)', script.read_text(encoding="utf-8"), re.DOTALL).groups()
    title, _, said = head.strip().partition("\n\n")
    name = script.stem.replace("_", " ").capitalize()
    return f"# {name}\n\n{title}\n\n{said}\n\n```python\n{code}```\n"


def commands() -> str:
    """The page of all commands, as the command line itself describes them."""
    from typer.main import get_command

    from kansr.cli.main import app

    intro = "Made from the command line itself; `kansr COMMAND --help` says the same.\n"
    return "\n".join(["# Commands", "", intro, *_described(get_command(app), "kansr")]) + "\n"


def _described(command: Any, path: str) -> Iterator[str]:
    """The command and those below it: what it does, how it is called, and its options."""
    children = getattr(command, "commands", {})
    context = command.context_class(command, info_name=path)
    usage = command.get_usage(context).removeprefix("Usage: ")
    yield from (f"## {path}", "", *_prose(command.help or ""), "```text", usage, "```", "")
    rows = [record for parameter in command.get_params(context) if (record := parameter.get_help_record(context))]
    yield from ("| option | meaning |", "|---|---|", *(_row(*row) for row in rows if "-completion" not in row[0]), "")
    for name in sorted(children):
        yield from _described(children[name], f"{path} {name}")


def _prose(text: str) -> Iterator[str]:
    """Paragraphs as they are; those that keep their lines, marked by a \\b, as blocks under their heading."""
    for part in re.split(r"\n\s*\n", text.strip()):
        head, *rest = part.splitlines()
        if head.strip() != "\b":
            yield from (*(line.strip() for line in (head, *rest)), "")
            continue
        if rest[0].rstrip().endswith(":"):
            yield from (rest[0].strip(), "")
            rest = [line.removeprefix("  ") for line in rest[1:]]
        yield from ("```text", *rest, "```", "")


def _row(option: str, meaning: str) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in (f"`{option}`", meaning)) + " |"
