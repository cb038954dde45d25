"""Writes ``docs/errors.md``: every error code of the product, what it says and what to do, read from the code itself.

Run it after adding an error: ``python tools/error_table.py``. A test sees to it that no code is missing.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "errors.md"
_CODE = re.compile(r"[a-z]+\.[a-z_]+")
_NOT_CODES = re.compile(r".*\.(npz|json|log|bin|cameo|png|py|zip|tar|sqlite|task|tflite|ply|mp4|blend)")
_OPERATORS = "cameo."  # names of Blender operators look like codes
_RAISERS = re.compile(r".*(Error|Problem|Failure|_failure|_error|_problem)$|_refuse|_fail")
_HEAD = """# Errors, by code

Every error shows a code in brackets. This page lists them all; `python tools/error_table.py` writes it from the code.
A gap in a sentence (...) is filled with names and numbers where the error occurs.

| code | what it says | what to do |
|---|---|---|
"""


@dataclass(frozen=True)
class KnownError:
    code: str
    sentence: str
    fix: str


def error_codes() -> dict[str, KnownError]:
    """Every error raised or reported in the product, by code."""
    found: dict[str, KnownError] = {}
    for package in ("protocol", "backend", "blender_addon"):
        for path in sorted((ROOT / package).rglob("*.py")):
            for error in _errors_in(ast.parse(path.read_text(encoding="utf-8"))):
                known = found.get(error.code)
                if known is None or len(error.sentence) + len(error.fix) > len(known.sentence) + len(known.fix):
                    found[error.code] = error
    return dict(sorted(found.items()))


def main() -> None:
    rows = [f"| `{e.code}` | {_cell(e.sentence)} | {_cell(e.fix)} |\n" for e in error_codes().values()]
    PAGE.write_text(_HEAD + "".join(rows), encoding="utf-8")


def _errors_in(tree: ast.AST) -> Iterator[KnownError]:
    """Calls such as ``StageError("fit.failed", "The head ...", cause=..., fix="Try ...")``, with or without a job."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Tuple) and len(node.elts) == 2 and _is_notice(code := _text(node.elts[0])):
            yield KnownError(code, _text(node.elts[1]) or "...", "A note; the job goes on.")
        if not isinstance(node, ast.Call) or not _RAISERS.match(_name(node.func)):
            continue
        texts = [_text(argument) for argument in node.args]
        place = next(
            (i for i, text in enumerate(texts) if _CODE.fullmatch(text) and not _NOT_CODES.fullmatch(text)), None
        )
        if place is not None:
            keywords = {keyword.arg: _text(keyword.value) for keyword in node.keywords}
            rest = texts[place + 1 :]
            sentence = rest[0] if rest else keywords.get("sentence", "")
            yield KnownError(texts[place], sentence, keywords.get("fix", rest[2] if len(rest) > 2 else ""))


def _is_notice(text: str) -> bool:
    return _CODE.fullmatch(text) is not None and not text.startswith(_OPERATORS)


def _name(function: ast.expr) -> str:
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def _text(node: ast.expr) -> str:
    """The literal text of an expression; what is computed becomes three dots."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else ""
    if isinstance(node, ast.JoinedStr):
        return "".join(_text(part) if isinstance(part, ast.Constant) else "..." for part in node.values)
    return ""


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


if __name__ == "__main__":
    main()
