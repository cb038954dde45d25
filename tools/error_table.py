"""Writes the page of every error code: what it says, why, and what to do, read from the source.

``docs/errors.md``, and for the add-on, which brings it along, a page in each of its languages. Run it after adding or
changing an error: ``python -m cameo.tools.error_table``. A test sees to it that no code is missing.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable

from ..blender_addon.sentences import ANY, SOURCE, sentences_in
from .artist_texts import KnownError, has_words, known_errors
from .source_texts import ROOT, all_files

PAGE = ROOT / "docs" / "errors.md"
PAGES = ROOT / "blender_addon" / "pages"
_HEAD = """# Errors, by code

Every error shows a code. This page lists them all; `python -m cameo.tools.error_table` writes it from the code.
A gap in a sentence (…) is filled with names and numbers where the error occurs. In Blender the button below an error
opens this page, which comes with the add-on, at its code.
"""
_TITLES = {
    SOURCE: ("Errors, by code", "Why", "What to do", "A gap (…) is filled where the error occurs."),
    "de_DE": ("Fehler nach ihrem Code", "Ursache", "Abhilfe", "Eine Lücke (…) wird gefüllt, wo der Fehler auftritt."),
}
"""Of a language: the page's title, the words before causes and fixes, the remark on gaps."""
_FRAME = """<!DOCTYPE html>
<html lang="{language}"><head><meta charset="utf-8"><title>Cameo: {title}</title><style>
body {{ font: 16px/1.5 sans-serif; max-width: 46em; margin: 2em auto; padding: 0 1em 60vh; color: #222 }}
section {{ border-top: 1px solid #ccc; padding: .3em .6em }} section:target {{ background: #fff3c4 }}
h2 {{ font: bold 1em monospace; margin: .4em 0 }} p {{ margin: .3em 0 }}
</style></head><body><h1>{title}</h1><p>{remark}</p>
{sections}</body></html>
"""


def error_codes() -> dict[str, KnownError]:
    """Every error raised or reported in the product, by code."""
    return {code: error for code, error in known_errors(all_files()).items() if code != ANY}


def markdown(errors: Iterable[KnownError]) -> str:
    """The page of the documentation. An anchor of the code's name stands before each."""
    return _HEAD + "".join(map(_paragraphs, errors))


def webpage(errors: Iterable[KnownError], language: str) -> str:
    """The page that the add-on opens; what is read in a terminal only stays English."""
    title, why, what_to_do, remark = _TITLES[language]

    def section(error: KnownError) -> str:
        said = {**sentences_in(language).get(ANY, {}), **sentences_in(language).get(error.code.partition(".")[0], {})}
        texts = [_joined(said.get(text, text) for text in part) for part in _parts(error)]
        shown = [f"<p>{label}{text}</p>" for label, text in zip(("", f"{why}: ", f"{what_to_do}: "), texts) if text]
        return f'<section id="{error.code}"><h2>{error.code}</h2>{"".join(shown)}</section>\n'

    sections = "".join(map(section, errors))
    return _FRAME.format(language=language[:2], title=title, remark=remark, sections=sections)


def main() -> None:
    errors = error_codes().values()
    PAGE.write_text(markdown(errors), encoding="utf-8")
    PAGES.mkdir(exist_ok=True)
    for language in _TITLES:
        (PAGES / f"errors.{language}.html").write_text(webpage(errors, language), encoding="utf-8")


def _paragraphs(error: KnownError) -> str:
    sentence, cause, fix = map(_joined, _parts(error))
    rest = "".join(f"* {label}: {text}\n" for label, text in (("Why", cause), ("What to do", fix)) if text)
    return f'\n<a id="{error.code}"></a>\n\n**`{error.code}`** {sentence}\n' + (f"\n{rest}" if rest else "")


def _parts(error: KnownError) -> tuple[Iterable[str], Iterable[str], Iterable[str]]:
    return error.sentences, error.causes, error.fixes


def _joined(templates: Iterable[str]) -> str:
    """All that it can say, gaps as dots."""
    shown = (re.sub(r"\{\d+\}", "…", text).replace("\n", " ") for text in templates if has_words(text))
    return " / ".join(html.escape(text, quote=False) for text in shown)


if __name__ == "__main__":
    main()
