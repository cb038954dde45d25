"""What the artist reads, in every language: complete, nothing left over, the same fields; and it comes and goes.

The strings are gathered where they are: from Blender's own record of the registered classes, and from the source.
"""

import ast
import inspect
import string
from collections.abc import Iterator
from pathlib import Path

import bpy
import cameo
import pytest
from cameo.blender_addon import film_settings, properties, registration, translations, words
from cameo.blender_addon.operators.pose_assets import library_items
from cameo.blender_addon.panels import avatars, backend, controls, fixes, jobs, menus, motion, portrait, poses
from cameo.blender_addon.portrait import settings as portrait_settings
from cameo.blender_addon.render.engine import CameoRenderEngine
from cameo.blender_addon.scene import control_groups

SOURCE = Path(cameo.__path__[0], "blender_addon")
LABEL = "*"  # Blender's context of all but operators
DRAWN = ("label", "prop", "progress", "operator")  # methods of layouts with text=...
OTHERS = (
    *(*film_settings.CLASSES, *portrait_settings.CLASSES, CameoRenderEngine),
    *(menus.AvatarFiles, motion.MotionFiles, portrait.PortraitFiles),
)
NAMES = {"Cameo", "Python", "NVIDIA GPU", "", "bl_idname"}  # the same in every language


def context_of(operator: str) -> str:
    """The context in which Blender looks up the operator's name, and what stands on its buttons."""
    category, name = operator.split(".")
    return getattr(getattr(bpy.ops, category), name).get_rna_type().translation_context


def of_class(cls: type) -> Iterator[tuple[str, str]]:
    """What Blender shows of a class and of the properties that it declares: context and text."""
    if issubclass(cls, bpy.types.Operator):
        category, name = cls.bl_idname.split(".")
        rna = getattr(getattr(bpy.ops, category), name).get_rna_type()
        yield from ((rna.translation_context, rna.name), (LABEL, rna.description))
    else:
        rna = cls.bl_rna
        yield rna.translation_context, getattr(cls, "bl_label", "")
        yield LABEL, getattr(cls, "bl_description", "")
    own = {name for base in cls.__mro__ if "cameo" in base.__module__ for name in inspect.get_annotations(base)}
    for prop in rna.properties:
        if prop.identifier not in own or prop.is_hidden:
            continue
        context = prop.translation_context
        yield context, "" if prop.name == prop.identifier else prop.name  # a file's path, drawn by the file browser
        yield LABEL, prop.description
        if prop.type == "ENUM":
            yield from ((context, item.name) for item in prop.enum_items_static)
            yield from ((LABEL, item.description) for item in prop.enum_items_static)


def literals(node: ast.AST | None) -> Iterator[str]:
    """The literal texts an argument can be."""
    if isinstance(node, ast.IfExp):
        yield from (*literals(node.body), *literals(node.orelse))
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value


def of_source() -> Iterator[tuple[str, str]]:
    """Texts that are drawn or told by hand."""
    for path in SOURCE.rglob("*.py"):
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(call, ast.Call):
                continue
            name = call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")
            if name == "tr":
                yield from ((LABEL, text) for text in literals(call.args[0]))
            elif name in ("draw_text", "report", "poll_message_set"):
                at = {"draw_text": 2, "report": 1, "poll_message_set": 0}[name]
                yield from ((LABEL, text) for text in literals(call.args[at]))
            elif name in DRAWN:
                texts = [word.value for word in call.keywords if word.arg == "text"]
                operator = next(literals(call.args[0]), "") if name == "operator" else ""
                context = context_of(operator) if operator else LABEL
                yield from ((context, text) for node in texts for text in literals(node))


def of_tables() -> Iterator[tuple[str, str]]:
    """What panels show by looking it up in a table."""
    names = (
        *backend.STATES.values(),
        *jobs.STATES.values(),
        *jobs.STAGES.values(),
        *controls.JOINT_TITLES.values(),
        *controls.TURNS,
    )
    titles = (*(group.title for group in control_groups.GROUPS), *(title for title, _, _ in poses.POSE_GROUPS))
    first = (properties.FALLBACK_PRESETS[0], portrait_settings.FALLBACK_ENGINES[0], library_items(None, None)[0])
    yield from ((LABEL, text) for text in (*names, *titles, *(text for item in first for text in item[1:3])))
    yield from ((context_of(fix.operator), fix.text) for row in fixes.FIXES.values() for fix in row)
    yield from ((context_of(operator), text) for operator, text, _ in avatars.TOOLS)
    yield from ((context_of("cameo.fetch_result"), text) for text in (jobs.FETCH, jobs.FETCHING))


def wanted() -> set[tuple[str, str]]:
    """Everything that a language must have: context and English text."""
    found = {entry for cls in (*registration.CLASSES, *OTHERS) for entry in of_class(cls)}
    return {entry for entry in found.union(of_tables(), of_source()) if entry[1] not in NAMES}


def fields(template: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(template) if name is not None}


def test_nothing_composed_escapes_the_dictionaries():
    """Every ``tr`` gets its template as literals, or looks up an entry of a table."""
    calls = [
        ast.unparse(call.args[0])
        for path in SOURCE.rglob("*.py")
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "tr"
        if not list(literals(call.args[0]))
    ]
    assert sorted(calls) == ["STAGES[job.stage]", "STATES[job.state]", "text"]


@pytest.mark.parametrize("language", translations.LANGUAGES)
def test_a_language_is_complete_and_has_nothing_left_over(addon, language):
    there, needed = set(translations.LANGUAGES[language]), wanted()
    assert sorted(needed - there) == [], "without an entry"
    assert sorted(there - needed) == [], "no longer in the source"


@pytest.mark.parametrize("language", translations.LANGUAGES)
def test_templates_keep_their_fields(addon, language):
    entries = translations.LANGUAGES[language]
    templates = {text for context, text in of_source() if context == LABEL and "{" in text}
    assert len(templates) > 10
    assert {text: entries[LABEL, text] for text in templates if fields(text) != fields(entries[LABEL, text])} == {}
    assert all(translated.strip() for translated in entries.values())


def test_a_template_is_filled():
    assert words.tr("{count} keyed", count=3).startswith("3 ") and words.tr("no such text") == "no such text"


@pytest.mark.skipif(not bpy.app.build_options.international, reason="this bpy is built without translations")
@pytest.mark.parametrize("language", translations.LANGUAGES)
def test_blender_speaks_it_until_the_add_on_goes(empty_scene, language):
    view = bpy.context.preferences.view
    before, view.language = view.language, language
    english = "Heads in the Making"
    entries = translations.LANGUAGES[language]
    try:
        for _ in range(2):
            translations.register()
            shown = {(at, text): bpy.app.translations.pgettext_iface(text, at) for at, text in entries}
            assert shown == entries, "Blender's own dictionary goes first: give the name the context words.CAMEO"
            assert words.tr("{count} keyed", count=3) == entries[LABEL, "{count} keyed"].format(count=3)
            translations.unregister()
            assert words.tr(english) == english
    finally:
        view.language = before
