"""Lays out the documents of the repository as pages; docs/index.md is their table of contents.

Reads the working tree, writes nothing. A link may lead to a page of the site: a document, or an
example with its files. A link to anything else is told with its file, line and target.
"""

from __future__ import annotations

import json
import posixpath
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

LINK = re.compile(r"(\]\()([^)\s]+)(\))")
INDEX = "docs/index.md"
# What stands beside docs/ and belongs to the site, and where it goes.
BESIDE = {
    "README.md": "project/readme.md",
    "ARCHITECTURE.md": "project/architecture.md",
    "CONTRIBUTING.md": "project/contributing.md",
    "benchmarks/README.md": "project/benchmarks.md",
}
LANGUAGES = {
    "Makefile": "make", "MLproject": "yaml", ".cfg": "ini", ".ini": "ini", ".py": "python",
    ".sh": "sh", ".toml": "toml", ".yaml": "yaml", ".yml": "yaml", ".json": "json",
}  # fmt: skip
# Of an example's file more than this is not shown: it is data.
LARGEST_BYTES = 20_000


@dataclass(frozen=True)
class Page:
    """One page of the site: where it stands there, and its Markdown."""

    path: str
    text: str


@dataclass(frozen=True)
class Tree:
    """All pages, the pictures that they show (source and place), and what is wrong."""

    pages: tuple[Page, ...]
    files: tuple[tuple[str, str], ...]
    complaints: tuple[str, ...]


def tree_of(root: Path) -> Tree:
    """The site of a working tree."""
    documents = tracked(root, "docs", ".md") + [path for path in BESIDE if (root / path).exists()]
    examples = sorted(
        path.parent.name for path in (root / "examples").glob("*/README.md") if path.is_file()
    )
    places = {path: place_of(path) for path in documents}
    places |= {f"examples/{name}/README.md": f"examples/{name}.md" for name in examples}
    files: dict[str, str] = {}
    complaints: list[str] = []
    pages = []
    for source, place in places.items():
        text, lost = linked(root, source, places, files)
        complaints += lost
        if source.startswith("examples/"):
            text += "\n" + listing(root, Path(source).parent.as_posix())
        pages.append(Page(place, text))
    index = next(page for page in pages if page.path == "index.md")
    pages.remove(index)
    contents = contents_of((root / INDEX).read_text("utf-8"), places)
    contents.append(("Examples", [f"examples/{name}" for name in examples]))
    beside = [place.removesuffix(".md") for path, place in BESIDE.items() if path in places]
    contents.append(("The project", beside))
    pages.insert(0, Page("index.md", index.text + toctrees(contents)))
    decisions = [page.path for page in pages if page.path.startswith("explanation/decisions/")]
    pages = [
        with_children(page, decisions) if page.path == "reference/decisions.md" else page
        for page in pages
    ]
    return Tree(tuple(pages), tuple(sorted(files.items())), tuple(complaints))


def tracked(root: Path, folder: str, ending: str) -> list[str]:
    """Files below a folder that git holds or would take, in the order of their names."""
    asked = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", folder]
    done = subprocess.run(asked, cwd=root, check=True, capture_output=True, text=True)
    names = {name for name in done.stdout.split("\0") if name.endswith(ending) and name}
    return sorted(name for name in names if (root / name).is_file())


def place_of(source: str) -> str:
    """Where a document stands in the site."""
    return BESIDE.get(source) or source.removeprefix("docs/")


def contents_of(index: str, places: dict[str, str]) -> list[tuple[str, list[str]]]:
    """Caption and pages of each part of the navigation, as docs/index.md has them."""
    found: list[tuple[str, list[str]]] = []
    heading = ""
    for line in index.splitlines():
        if line.startswith("## "):
            heading = line[3:].strip()
            found.append((heading, []))
        elif heading and line and line[0].isalpha() and "](" not in line:
            found.append((f"{heading}: {line[0].lower()}{line[1:]}", []))
        elif line.startswith("- "):
            target = re.search(r"\]\(([^)#\s]+)", line)
            place = places.get(f"docs/{target[1]}") if target else None
            if place and found:
                found[-1][1].append(place.removesuffix(".md"))
    return [(caption, pages) for caption, pages in found if pages]


def toctrees(contents: list[tuple[str, list[str]]]) -> str:
    """The navigation, in the generator's words; not shown on the page itself."""
    return "".join(
        "\n```{toctree}\n:hidden:\n:caption: '"
        + caption.replace("'", "''")
        + "'\n\n"
        + "".join(f"/{page}\n" for page in pages)
        + "```\n"
        for caption, pages in contents
        if pages
    )


def with_children(page: Page, children: list[str]) -> Page:
    """A page that has others below it in the navigation."""
    listed = "".join(f"/{child.removesuffix('.md')}\n" for child in children)
    return Page(page.path, f"{page.text}\n```{{toctree}}\n:hidden:\n\n{listed}```\n")


def linked(
    root: Path, source: str, places: dict[str, str], files: dict[str, str]
) -> tuple[str, list[str]]:
    """A document whose links lead to pages of the site, and what does not lead anywhere."""
    complaints: list[str] = []
    fenced = False
    lines = []
    for number, line in enumerate((root / source).read_text("utf-8").splitlines(), 1):
        if line.lstrip().startswith("```"):
            fenced = not fenced
        if fenced or "](" not in line:
            lines.append(line)
            continue

        def moved(found: re.Match[str], number: int = number) -> str:
            try:
                target = target_of(root, source, found[2], places, files)
            except LookupError as error:
                complaints.append(f"{source}:{number}: {error}")
                target = found[2]
            return found[1] + target + found[3]

        # Between backticks nothing is a link: the pieces with odd numbers are code.
        pieces = re.split(r"(`+[^`]*`+(?!\]\())", line)
        lines.append("".join(p if i % 2 else LINK.sub(moved, p) for i, p in enumerate(pieces)))
    return "\n".join(lines) + "\n", complaints


def target_of(
    root: Path, source: str, target: str, places: dict[str, str], files: dict[str, str]
) -> str:
    """What a link of a document is in the site."""
    path, mark, anchor = target.partition("#")
    if "://" in target or not path:
        return target
    wanted = posixpath.normpath(posixpath.join(posixpath.dirname(source), path))
    if (root / wanted).is_dir():
        wanted = posixpath.join(wanted, "README.md")
    if wanted in places:
        place = places[wanted]
    elif wanted.startswith("docs/") and (root / wanted).is_file():
        place = files[wanted] = wanted.removeprefix("docs/")
    else:
        raise LookupError(
            f"`{target}` is no page of the site; link a document or an example's folder,"
            " or name it as code"
        )
    return posixpath.relpath(place, posixpath.dirname(places[source]) or ".") + mark + anchor


def listing(root: Path, folder: str) -> str:
    """The files of an example, as text; a notebook's as the cells that it has."""
    parts = ["## Its files\n"]
    for name in tracked(root, folder, ""):
        shown = name.removeprefix(folder + "/")
        path = root / name
        if shown in ("README.md", ".gitignore") or path.stat().st_size > LARGEST_BYTES:
            continue
        text = path.read_text("utf-8")
        if not text.strip():
            continue
        language = LANGUAGES.get(path.name) or LANGUAGES.get(path.suffix, "text")
        if path.suffix == ".ipynb":
            text, language = cells_of(text), "python"
        fence = "`" * max(3, 1 + max((len(run) for run in re.findall(r"`+", text)), default=0))
        parts.append(f"### `{shown}`\n\n{fence}{language}\n{text.rstrip()}\n{fence}\n")
    return "\n".join(parts)


def cells_of(notebook: str) -> str:
    """A notebook as a script with cells."""
    cells = []
    for cell in json.loads(notebook)["cells"]:
        text = "".join(cell["source"])
        tags = ", ".join(cell.get("metadata", {}).get("tags", ()))
        if cell["cell_type"] == "code":
            cells.append("# %%" + (f" tags: {tags}" if tags else "") + f"\n{text}")
        else:
            cells.append("# %% [markdown]\n" + "".join(f"# {x}\n" for x in text.splitlines()))
    return "\n\n".join(cell.rstrip() for cell in cells)


def write(tree: Tree, root: Path, folder: Path) -> None:
    """The pages and pictures, as files for the generator."""
    for page in tree.pages:
        path = folder / page.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(page.text, "utf-8")
    for source, place in tree.files:
        (folder / place).parent.mkdir(parents=True, exist_ok=True)
        (folder / place).write_bytes((root / source).read_bytes())
