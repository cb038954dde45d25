"""The page that explains an error: it comes with the add-on, in the artist's language, and needs no network."""

from __future__ import annotations

import webbrowser
from pathlib import Path
from urllib.parse import quote

import bpy

from .. import preferences
from ..link.problem import Problem
from ..sentences import SOURCE
from ..words import language, tr
from .reporting import refuse

PAGES = Path(__file__).resolve().parents[1] / "pages"
_LEAD = '<!DOCTYPE html><meta charset="utf-8"><meta http-equiv="refresh" content="0; url={address}">\n'


def page_of(code: str) -> str:
    """The address of the page in the artist's language, at the error's code."""
    pages = (PAGES / f"errors.{name}.html" for name in (language(), SOURCE))
    return f"{next(page for page in pages if page.is_file()).as_uri()}#{quote(code)}"


class ExplainError(bpy.types.Operator):
    """Open the page that explains this error. It comes with the add-on: no network is needed"""

    bl_idname, bl_label = "cameo.explain_error", "Explain Error"

    code: bpy.props.StringProperty(description="The error's code", options={"SKIP_SAVE", "HIDDEN"})

    def execute(self, context: bpy.types.Context) -> set[str]:
        # Several systems drop what follows the # of a file's address, so the browser gets a page that leads there.
        address, lead = page_of(self.code), preferences.own_folder("pages") / "error.html"
        try:
            lead.parent.mkdir(parents=True, exist_ok=True)
            lead.write_text(_LEAD.format(address=address), encoding="utf-8")
        except OSError as error:
            sentence, fix = f"The file {lead} cannot be written.", "Free some space, or make its folder writable."
            return refuse(self, Problem("output.unwritable", sentence, str(error), fix))
        if not webbrowser.open(lead.as_uri()):
            self.report({"WARNING"}, tr("No browser could be opened. The page is {page}", page=address))
        return {"FINISHED"}


CLASSES = (ExplainError,)
