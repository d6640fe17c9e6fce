"""What the site holds beside the pages of docs/, made when it is built: commands, tutorials, pages from elsewhere."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parent.parent
MOVED = {"benchmarks/RESULTS.md": "results.md", "CHANGELOG.md": "changelog.md", "datasets/README.md": "datasets.md"}
SHOWN = ("grammars/expression.lark",)  # files that pages link to


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
    for source, name in {**MOVED, **{name: name for name in SHOWN}}.items():
        markdown = re.sub(rf"\]\((?:\.\./)?{source}", f"]({name}", markdown)
    markdown = re.sub(r"\]\((?:\.\./)?docs/", "](", markdown)
    markdown = re.sub(r"\[(?:docs|benchmarks)/(\w+)(?:\.md)?\]", lambda name: f"[{name[1].lower()}]", markdown)
    markdown = re.sub(r"`[^`\n]*`", lambda code: code[0].replace("\\|", "|"), markdown)  # GitHub needs the backslash
    return re.sub(
        r"\]\(tutorials(?:/(\w+)\.py)?\)", lambda m: f"](tutorials/{m[1] or 'function_fitting'}.md)", markdown
    )


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
