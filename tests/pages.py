"""The pages that users read, for the tests of what they say: their blocks, commands and trees."""

import re
import shlex
from pathlib import Path

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
DOCS = sorted((ROOT / "docs").glob("*.md"))
STUDIES = sorted((ROOT / "results").rglob("README.md"))
PAGES = [README, *DOCS, ROOT / "logs" / "README.md", ROOT / "benchmarks" / "RESULTS.md", *STUDIES]
INLINE = re.compile(r"`((?:python|sh) [^`]+)`")  # a command in a sentence


def name(page):
    return str(page.relative_to(ROOT))


def blocks(page, language):
    """The code blocks of a page that are in a language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", page.read_text(), re.M | re.S)


def prose(page):
    """A page without its code blocks."""
    return re.sub(r"^```.*?^```$", "", page.read_text(), flags=re.M | re.S)


def commands():
    """Every command of the pages, in a block or inline: (page, folder it is typed in, words)."""
    found = []
    for page in PAGES:
        for block in blocks(page, "sh"):
            folder = ROOT
            for line in block.replace("\\\n", " ").splitlines():
                for command in re.split(r" && ", line.partition(" #")[0]):
                    words = shlex.split(command)
                    if words[0] == "cd":
                        folder = ROOT / words[1]
                    found.append((page, folder, words))
        for inline in INLINE.findall(prose(page)):
            if len(words := shlex.split(inline)) > 2 + ("-m" in inline):
                found.append((page, ROOT, words))
    return list(
        {(page, folder, *words): (page, folder, words) for page, folder, words in found}.values()
    )


def trees(page):
    """The folders that a page draws: for each the paths of its files, from the folder itself on."""
    for block in blocks(page, "text"):
        if "──" in block:
            lines = block.splitlines()
            starts = [match.start() for match in re.finditer(r"\S+", lines[0])]
            for start, end in zip(starts, [*starts[1:], None], strict=True):
                yield _files([line[start:end].rstrip() for line in lines])


def _files(lines):
    """The files of a drawn tree; a folder that is drawn empty has one too."""
    paths, above = [], []
    for line in filter(None, lines):
        branches, entry = re.fullmatch(r"([│├└─ ]*)(\S+)", line).groups()
        above[len(branches) // 4 :] = [entry]
        paths.append("".join(above))
    leaves = [path for path in paths if not any(p != path and p.startswith(path) for p in paths)]
    file = "1.wav" if "sounds" in lines[0] else "1.png"
    return [path + file if path.endswith("/") else path for path in leaves]


def anchors(page):
    """The anchors that headings get on the web: lower case, punctuation away, spaces to dashes."""
    headings = re.findall(r"^#+ (.+)$", prose(page), re.M)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
