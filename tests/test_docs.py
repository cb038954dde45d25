"""The pages lead somewhere: no dead link, no picture missing, none that nobody shows."""

import re
from pathlib import Path

import cameo
import pytest

ROOT = Path(cameo.__path__[0])
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), ROOT / "protocol" / "SPEC.md"])
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


def links_of(page: Path) -> list[str]:
    text = re.sub(r"```.*?```|`[^`\n]*`", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    return [link for link in _LINK.findall(text) if not link.startswith(("http://", "https://"))]


def anchors_of(page: Path) -> set[str]:
    """The names that a forge gives a page's headings."""
    titles = _HEADING.findall(page.read_text(encoding="utf-8"))
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_link_leads_somewhere(page):
    dead = []
    for link in links_of(page):
        name, _, anchor = link.partition("#")
        target = page.parent / name if name else page
        if not target.exists() or (anchor and target.suffix == ".md" and anchor not in anchors_of(target)):
            dead.append(link)
    assert dead == []


def test_every_picture_is_shown():
    shown = {(page.parent / link).resolve() for page in PAGES for link in links_of(page)}
    unused = [path.name for path in (ROOT / "docs" / "images").iterdir() if path.resolve() not in shown]
    assert unused == []


def test_every_page_can_be_found():
    """From README.md or the list of pages."""
    listed = {(page / link).resolve() for page in (ROOT, ROOT / "docs") for link in links_of(page / "README.md")}
    lost = [page.name for page in (ROOT / "docs").glob("*.md") if page.name != "README.md" and page not in listed]
    assert lost == []
