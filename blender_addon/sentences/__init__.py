"""Finished English sentences in the artist's language: errors, what a job is doing, what the backend found.

They come from everywhere: the backend says them in English, and logs keep them so. Here the sentence that was said is
recognised by its template, and the template of the other language gets what stood in its gaps. Nothing of Blender is
imported, so that whoever writes a new sentence can test it anywhere.
"""

from __future__ import annotations

import importlib
import re
from dataclasses import dataclass
from functools import cache, lru_cache

ANY = "any"
"""Family of what can appear among the words of every other family."""
LIST = " · "
"""Stands between the sentences of a text that is a list, and nowhere else."""
JOINERS = ("; ", "\n")
"""May join several sentences, or stand in one."""
SOURCE = "en_US"
LANGUAGES = {"de_DE": ".de"}
"""Blender's name of the language, and where its sentences are: read when first needed."""
_GAP = re.compile(r"\{\d+\}")
_PRINTED = re.compile(r"(.+?)\s\(([a-z]+)\.([a-z_]+)\)(\nCause: .+?)?(\nWhat to do: .+)?", re.DOTALL)
"""An error as the command line prints it, which is what the log of a backend that cannot start ends with."""


@dataclass(frozen=True)
class _Template:
    """One sentence with gaps: how to recognise it, and the same in another language."""

    pattern: re.Pattern[str]
    gaps: tuple[str, ...]
    other: str


@lru_cache(maxsize=1024)
def said_in(language: str, family: str, text: str) -> str:
    """A finished English text in another language; as it is where the language does not have it.

    Args:
        family: what stands before the dot of an error's code; ``"progress"``, ``"finding"``, ... for other texts.
    """
    if language not in LANGUAGES or not text:
        return text
    if LIST in text:
        return LIST.join(said_in(language, family, part) for part in text.split(LIST))
    if (found := _PRINTED.fullmatch(text)) and found[2] in sentences_in(language):
        parts = (" ".join(part.split()) for part in found.group(1, 4, 5) if part)
        sentence, *rest = (said_in(language, found[2], part) for part in parts)
        return "\n".join([f"{sentence} ({found[2]}.{found[3]})", *rest])
    for name in (family, ANY):
        exact, templates = _family(language, name)
        if text in exact:
            return exact[text]
        for template in templates:
            if found := template.pattern.fullmatch(text):
                values = dict(zip(template.gaps, (said_in(language, family, value) for value in found.groups())))
                return _GAP.sub(lambda gap, values=values: values[gap.group()], template.other)
    for joiner in JOINERS:
        if joiner in text:
            return joiner.join(said_in(language, family, part) for part in text.split(joiner))
    return text


def sentences_in(language: str) -> dict[str, dict[str, str]]:
    """By family: English sentences, their gaps as ``{1}``, ``{2}``, ..., and the same in the language."""
    place = LANGUAGES.get(language)
    return importlib.import_module(place, __package__).SENTENCES if place else {}


@cache
def _family(language: str, family: str) -> tuple[dict[str, str], list[_Template]]:
    """Its sentences without gaps, and those with gaps, the most telling first."""
    sentences = sentences_in(language).get(family, {})
    exact = {english: other for english, other in sentences.items() if not _GAP.search(english)}
    by_words = sorted(sentences.keys() - exact.keys(), key=lambda english: (-len(_GAP.sub("", english)), english))
    return exact, [_template(english, sentences[english]) for english in by_words]


def _template(english: str, other: str) -> _Template:
    words = (re.escape(part) for part in _GAP.split(english))
    return _Template(re.compile("(.+?)".join(words), re.DOTALL), tuple(_GAP.findall(english)), other)
