"""Reads from the source, without running it, which texts an expression can be: constants, and f-strings with gaps.

It follows names to where they are set, parameters to the calls that give them, functions to what they return, and
imports to their files. What it cannot follow is a gap.
"""

from __future__ import annotations

import ast
import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("protocol", "backend", "blender_addon")
GAP = "\0"
"""Stands in a text for what is known at run time only."""
LISTED = "\1"
"""Begins a text that is one of a list; the list, its texts joined by one of :data:`JOINERS`, is a gap."""
JOINERS = (" · ", "; ", "\n")
_DEPTH, _MOST = 8, 48
_Function = ast.FunctionDef | ast.Lambda


@dataclass(eq=False)
class Source:
    """One file, and where its names lead.

    Attributes:
        imports: of a name: the file, and its name there.
        around: of a node: the innermost function it stands in.
        calls, functions: by name.
        assigned: by function (None: the file) and name, the expressions it is set to.
    """

    path: Path
    tree: ast.Module
    imports: dict[str, tuple[Path, str]] = field(default_factory=dict)
    around: dict[ast.AST, _Function | None] = field(default_factory=dict)
    calls: dict[str, list[ast.Call]] = field(default_factory=dict)
    functions: dict[str, list[ast.FunctionDef]] = field(default_factory=dict)
    assigned: dict[tuple[_Function | None, str], list[ast.expr]] = field(default_factory=dict)

    def index(self, node: ast.AST, function: _Function | None) -> None:
        """Take in everything below a node."""
        for child in ast.iter_child_nodes(node):
            self.around[child] = function
            self.index(child, child if isinstance(child, _Function) else function)
            if isinstance(child, ast.Call):
                self.calls.setdefault(called(child), []).append(child)
            elif isinstance(child, ast.FunctionDef):
                self.functions.setdefault(child.name, []).append(child)
            elif isinstance(child, ast.ImportFrom):
                self.imports |= _imported(child, self.path)
            for name, value in _assignments(child):
                self.assigned.setdefault((function, name), []).append(value)


@cache
def read(path: Path) -> Source:
    source = Source(path, ast.parse(path.read_text(encoding="utf-8")))
    source.index(source.tree, None)
    return source


@cache
def all_files() -> tuple[Path, ...]:
    return tuple(path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py")))


def called(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def texts_of(node: ast.AST | None, source: Source, depth: int = _DEPTH) -> list[str]:
    """Every text that the expression can be, with :data:`GAP` for what is not known; ``[GAP]`` where nothing is."""
    if node is None:
        return [""]
    found = list(dict.fromkeys(_texts(node, source, depth - 1))) if depth else []
    return found if 0 < len(found) <= _MOST else [GAP]


def _imported(node: ast.ImportFrom, path: Path) -> Iterator[tuple[str, tuple[Path, str]]]:
    """What a relative import brings into a file."""
    if not node.level:
        return
    folder = path.parents[node.level - 1].joinpath(*(node.module or "").split("."))
    for name in node.names:
        if submodule := _file(folder / name.name):
            yield name.asname or name.name, (submodule, "")
        elif module := _file(folder):
            yield name.asname or name.name, (module, name.name)


def _file(place: Path) -> Path | None:
    return next((path for path in (place.with_suffix(".py"), place / "__init__.py") if path.is_file()), None)


def _assignments(node: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    """The names that a statement sets, and to what."""
    match node:
        case ast.Assign(targets=[ast.Name(id=name)], value=value):
            yield name, value
        case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
            yield name, value
        case ast.NamedExpr(target=ast.Name(id=name), value=value):
            yield name, value
        case ast.Assign(targets=[ast.Tuple(elts=targets)], value=value):
            values = value.elts if isinstance(value, ast.Tuple) else [ast.Constant(None)] * len(targets)
            yield from ((target.id, value) for target, value in zip(targets, values) if isinstance(target, ast.Name))
        case ast.For(target=ast.Name(id=name), iter=ast.Tuple(elts=elements)):
            yield from ((name, element) for element in elements)
        case ast.For(target=ast.Tuple(elts=targets), iter=ast.Tuple(elts=elements)):
            for element in elements:
                values = element.elts if isinstance(element, ast.Tuple) else []
                yield from ((t.id, value) for t, value in zip(targets, values) if isinstance(t, ast.Name))
        case ast.comprehension(target=ast.Name(id=name), iter=ast.Name() as listed):
            yield name, ast.Call(ast.Name("tuple"), [listed], [])
        case ast.comprehension(target=ast.Tuple(elts=targets), iter=ast.Name() as table):
            for column, target in enumerate(targets):
                if isinstance(target, ast.Name):
                    yield target.id, ast.Call(ast.Name("column"), [table, ast.Constant(column)], [])


def _texts(node: ast.AST, source: Source, depth: int) -> Iterator[str]:
    match node:
        case ast.Constant(value=value):
            yield value if isinstance(value, str) else GAP
        case ast.JoinedStr(values=values):
            yield from _product([_part(value, source, depth) for value in values])
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            yield from _product([texts_of(left, source, depth), texts_of(right, source, depth)])
        case ast.IfExp(body=body, orelse=orelse):
            yield from (*texts_of(body, source, depth), *texts_of(orelse, source, depth))
        case ast.BoolOp(values=values):
            yield from (text for value in values for text in texts_of(value, source, depth))
        case ast.Subscript(value=value, slice=ast.Slice(lower=None)):
            yield from texts_of(value, source, depth)
        case ast.Subscript(value=ast.Name(id=name)):
            for table in source.assigned.get((None, name), ()):
                values = table.values if isinstance(table, ast.Dict) else []
                yield from (text for value in values for text in texts_of(value, source, depth))
        case ast.Name(id=name):
            yield from _named(name, node, source, depth)
        case ast.Call():
            yield from _of_call(node, source, depth)


def _of_call(call: ast.Call, source: Source, depth: int) -> Iterator[str]:
    match call:
        case ast.Call(func=ast.Attribute(value=value, attr="strip")):
            yield from texts_of(value, source, depth)
        case ast.Call(func=ast.Attribute(value=ast.Constant(value=joiner), attr="join"), args=[argument]):
            yield GAP
            if joiner in JOINERS:
                listed = (text for element in _elements(argument, source) for text in texts_of(element, source, depth))
                yield from (LISTED + text.removeprefix(LISTED) for text in listed)
        case ast.Call(func=ast.Name(id="tuple"), args=[argument]):
            for element in _elements(argument, source):
                yield from texts_of(element, source, depth)
        case ast.Call(func=ast.Name(id="column"), args=[ast.Name(id=name), ast.Constant(value=int() as column)]):
            rows = (row for table in source.assigned.get((None, name), ()) for row in getattr(table, "elts", ()))
            yield from (text for row in rows for text in texts_of(row.elts[column], source, depth))
        case ast.Call(func=ast.Name(id="next"), args=[ast.GeneratorExp(elt=element), *_]):
            yield from texts_of(element, source, depth)
        case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr="get")):
            tables = (table for table in source.assigned.get((None, name), ()) if isinstance(table, ast.Dict))
            yield from (text for table in tables for value in table.values for text in texts_of(value, source, depth))
        case ast.Call(func=ast.Name(id="sendable"), args=[argument]):
            yield from texts_of(argument, source, depth)
        case ast.Call(func=ast.Name(id=name)):
            yield from _returned(name, source, depth)


def _part(value: ast.expr, source: Source, depth: int) -> list[str]:
    """A part of an f-string. What is put in is a gap unless it is words."""
    if not isinstance(value, ast.FormattedValue):
        return texts_of(value, source, depth)
    if value.format_spec or value.conversion != -1:
        return [GAP]
    found = texts_of(value.value, source, depth)
    return found if all(text in ("", GAP) or re.search(r"[^\W\d_]{2}", text) for text in found) else [GAP]


def _product(parts: list[list[str]]) -> Iterator[str]:
    yield from (text for part in parts for text in part if text.startswith(LISTED))
    plain = [[text for text in part if not text.startswith(LISTED)] for part in parts]
    yield from ("".join(each) for each in itertools.islice(itertools.product(*plain), _MOST + 1))


def _named(name: str, node: ast.AST, source: Source, depth: int) -> Iterator[str]:
    """What a variable, parameter, constant or import can be."""
    function = source.around[node]
    while function is not None:
        values = source.assigned.get((function, name))
        if values or name in _parameters(function):
            for value in values or ():
                yield from texts_of(value, source, depth)
            if not values:
                yield from _passed(name, function, source, depth)
            return
        function = source.around[function]
    for value in source.assigned.get((None, name), ()):
        yield from texts_of(value, source, depth)
    if name in source.imports:
        path, original = source.imports[name]
        for value in read(path).assigned.get((None, original), ()):
            yield from texts_of(value, read(path), depth)


def _parameters(function: _Function) -> list[str]:
    arguments = function.args
    return [a.arg for a in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)]


def _passed(name: str, function: _Function, source: Source, depth: int) -> Iterator[str]:
    """What the calls give for a parameter; its default."""
    names = _parameters(function)
    place = names.index(name) - (names[0] in ("self", "cls"))
    positional = function.args.posonlyargs + function.args.args
    defaults = {a.arg: value for a, value in zip(reversed(positional), reversed(function.args.defaults))}
    calls = [(source, call) for call in source.calls.get(getattr(function, "name", ""), ())]
    calls += _calls_elsewhere().get((source.path, getattr(function, "name", "")), ())
    if not calls:
        yield GAP
    for caller, call in calls:
        keyword = next((k.value for k in call.keywords if k.arg == name), None)
        given = keyword or (call.args[place] if place < len(call.args) else None)
        if given is not None:
            yield from texts_of(given, caller, depth)
        elif name in defaults:
            yield from (text or GAP for text in texts_of(defaults[name], source, depth))


@cache
def _calls_elsewhere() -> dict[tuple[Path, str], list[tuple[Source, ast.Call]]]:
    """Calls of imported functions, by the file and the name they have there."""
    found: dict[tuple[Path, str], list[tuple[Source, ast.Call]]] = {}
    for source in map(read, all_files()):
        for name, place in source.imports.items():
            calls = [call for call in source.calls.get(name, ()) if isinstance(call.func, ast.Name)]
            found.setdefault(place, []).extend((source, call) for call in calls)
    return found


def _elements(node: ast.expr, source: Source) -> Iterator[ast.expr]:
    """What a list is made of: its literal, what is appended to it, or the call that makes it."""
    match node:
        case ast.List(elts=elements):
            for element in elements:
                yield from _elements(element.value, source) if isinstance(element, ast.Starred) else [element]
        case ast.ListComp(elt=element) | ast.GeneratorExp(elt=element):
            yield element
        case ast.Call():
            yield node
        case ast.Name(id=name):
            yield from _elements_of(name, node, source)


def _elements_of(name: str, node: ast.Name, source: Source) -> Iterator[ast.expr]:
    for value in source.assigned.get((source.around[node], name), ()):
        if not isinstance(value, ast.Name):
            yield from _elements(value, source)
    for call in source.calls.get("append", ()):
        if isinstance(call.func, ast.Attribute) and getattr(call.func.value, "id", "") == name:
            yield call.args[0]


def _returned(name: str, source: Source, depth: int) -> Iterator[str]:
    """What a function of this or an imported file returns."""
    if name in source.imports:
        path, name = source.imports[name]
        source = read(path)
    for function in source.functions.get(name, ()):
        for node in ast.walk(function):
            if isinstance(node, ast.Return) and source.around[node] is function:
                yield from texts_of(node.value, source, depth)
