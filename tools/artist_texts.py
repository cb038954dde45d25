"""Every sentence that reaches the artist finished, read from the source: errors, notes, progress, findings, terms.

A text is a template: its gaps, ``{1}``, ``{2}``, ... are filled with names and numbers at run time.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from ..blender_addon.sentences import ANY
from .source_texts import GAP, LISTED, ROOT, Source, called, read, texts_of

IN_BLENDER = ("blender_addon/__init__.py", "backend/service/*.py")
"""Where what an artist in Blender can meet begins: the add-on, and the backend's server with its workers. Texts of
files that none of these imports are read in a terminal only."""
NOTE = "A note; the job goes on."
"""In the page of errors, what to do about a code that is none."""
_CODE = re.compile(r"[a-z]+\.[a-z_]+")
_NOT_CODES = re.compile(r".*\.(npz|json|log|bin|cameo|png|py|zip|tar|sqlite|task|tflite|ply|mp4|blend)")
_OPERATORS = "cameo."  # names of Blender operators look like codes
_RAISERS = re.compile(r".*(Error|Problem|Failure|_failure|_error|_problem)$|_refuse|_fail")
_CARRIERS: dict[str, tuple[str, tuple[int | str, ...]]] = {
    "progress": ("progress", (1,)),
    "ArchiveError": ("avatar", (1,)),
    "Finding": ("finding", (1, 2)),
    "EngineInfo": ("engine", ("missing", "terms")),
    "Preset": ("preset", (1, 2, "title", "cost")),
    "_report": ("installing", (1,)),
    "_reach": ("installing", (1,)),
}
"""Calls that carry texts to the artist: of which family, and in which arguments."""


@dataclass
class KnownError:
    """An error's code, what it can say, why, and what to do."""

    code: str
    sentences: dict[str, None] = field(default_factory=dict)
    causes: dict[str, None] = field(default_factory=dict)
    fixes: dict[str, None] = field(default_factory=dict)


def known_errors(files: Iterable[Path]) -> dict[str, KnownError]:
    """Every error raised or reported in the files, by code; under :data:`ANY` what takes over another's code."""
    found: dict[str, KnownError] = {}
    for path in files:
        for code, texts in _errors_in(read(path)):
            error = found.setdefault(code, KnownError(code))
            for kept, alternatives in zip((error.sentences, error.causes, error.fixes), texts):
                kept.update(dict.fromkeys(template for text in alternatives if (template := numbered(text))))
    return dict(sorted(found.items()))


def artist_texts(files: Iterable[Path]) -> dict[str, list[str]]:
    """Templates with words in them, by family: what stands before the dot of an error's code, or ``"progress"``, ..."""
    files = list(files)
    found: dict[str, dict[str, None]] = {}
    for error in known_errors(files).values():
        family = found.setdefault(error.code.partition(".")[0], {})
        family.update({**error.sentences, **error.causes, **error.fixes})
        family.pop(NOTE, None)
    for path in files:
        source = read(path)
        for name, (family, places) in _CARRIERS.items():
            for node in (node for call in source.calls.get(name, ()) for node in _arguments(call, places)):
                found.setdefault(family, {}).update(dict.fromkeys(map(numbered, texts_of(node, source))))
        for table in source.assigned.get((None, "ENGINE_TITLES"), ()):
            titles = [_literal(title) for title in table.values] if isinstance(table, ast.Dict) else []
            parts = (part.strip() for title in titles for part in title.split(":"))
            found.setdefault("engine", {}).update(dict.fromkeys(parts))
    return {family: sorted(filter(has_words, texts)) for family, texts in sorted(found.items())}


def files_in_blender() -> list[Path]:
    """The files of what runs while an artist works in Blender, wherever they are imported."""
    reached: set[Path] = set()
    waiting = [path for pattern in IN_BLENDER for path in ROOT.glob(pattern)]
    while waiting:
        path = waiting.pop()
        if path not in reached:
            reached.add(path)
            waiting += [imported for imported, _ in read(path).imports.values()]
    return sorted(reached)


def numbered(text: str) -> str:
    """The text with its gaps numbered; neighbours are one gap."""
    parts = re.split(f"{GAP}+", text.removeprefix(LISTED))
    return parts[0] + "".join(f"{{{number}}}{part}" for number, part in enumerate(parts[1:], 1))


def has_words(template: str) -> bool:
    return re.search(r"[^\W\d_]{2}", re.sub(r"\{\d+\}", "", template)) is not None


def _errors_in(source: Source) -> Iterator[tuple[str, tuple[list[str], list[str], list[str]]]]:
    """Calls such as ``StageError("fit.failed", "The head ...", cause=..., fix="Try ...")``, with or without a job."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Tuple) and len(node.elts) == 2 and _is_notice(code := _literal(node.elts[0])):
            yield code, (texts_of(node.elts[1], source), [], [NOTE])
        if not isinstance(node, ast.Call) or not _RAISERS.match(called(node)):
            continue
        codes = [_literal(argument) for argument in node.args]
        place = next((i for i, text in enumerate(codes) if _is_code(text)), None)
        if place is None and any(keyword.arg == "fix" for keyword in node.keywords) and len(node.args) > 1:
            place = 0  # its code is another error's
        if place is not None:
            given = dict(zip(("sentence", "cause", "fix"), node.args[place + 1 :]))
            given |= {keyword.arg: keyword.value for keyword in node.keywords if keyword.arg}
            sentence, cause, fix = (texts_of(given.get(part), source) for part in ("sentence", "cause", "fix"))
            yield codes[place] or ANY, (sentence, cause, fix)


def _is_code(text: str) -> bool:
    return _CODE.fullmatch(text) is not None and not _NOT_CODES.fullmatch(text)


def _is_notice(text: str) -> bool:
    return _is_code(text) and not text.startswith(_OPERATORS)


def _arguments(call: ast.Call, places: tuple[int | str, ...]) -> Iterator[ast.expr]:
    yield from (call.args[place] for place in places if isinstance(place, int) and place < len(call.args))
    yield from (keyword.value for keyword in call.keywords if keyword.arg in places)


def _literal(node: ast.expr) -> str:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""
