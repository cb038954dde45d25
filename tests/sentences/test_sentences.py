"""Whatever the backend or the add-on says in English, an artist reads in the language of Blender."""

import ast
import re

import pytest
from cameo.blender_addon import sentences
from cameo.blender_addon.sentences import LANGUAGES, said_in, sentences_in
from cameo.tools import error_table
from cameo.tools.artist_texts import artist_texts, files_in_blender
from cameo.tools.source_texts import ROOT, all_files, read, texts_of
from hypothesis import given, settings
from hypothesis import strategies as st

GAP = re.compile(r"\{\d+\}")
VALUES = st.text("abcXYZ0189äß_-./\\'%()", min_size=1, max_size=12)
SYSTEM = "sentences/de/system.py"  # says what Python says: nothing of it stands in our source


@pytest.fixture(scope="module")
def said() -> dict[str, list[str]]:
    """Every English template that an artist can meet in Blender, by family."""
    return artist_texts(files_in_blender())


def system_words(language: str) -> set[str]:
    return set(sentences.importlib.import_module(f"{LANGUAGES[language]}.system", sentences.__name__).SYSTEM)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_sentence_is_there_in_every_language(said, language):
    """Errors, causes, fixes, notes, progress, findings, terms. What only a terminal shows stays English: texts of files
    that neither the add-on nor the backend's server and workers import (``tools/artist_texts.py``)."""
    there = sentences_in(language)
    missing = {
        family: new for family, texts in said.items() if (new := sorted(set(texts) - set(there.get(family, {}))))
    }
    assert missing == {}, f"Add these to blender_addon/sentences/{LANGUAGES[language][1:]}/, in their family."


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_is_left_over(said, language):
    over = {family: set(texts) - set(said.get(family, ())) for family, texts in sentences_in(language).items()}
    over["any"] -= system_words(language)
    assert {family: texts for family, texts in over.items() if texts} == {}, "no longer in the source"


@pytest.mark.parametrize("language", LANGUAGES)
def test_gaps_are_the_same(language):
    pairs = [pair for texts in sentences_in(language).values() for pair in texts.items()]
    assert len(pairs) > 500
    assert [pair for pair in pairs if sorted(GAP.findall(pair[0])) != sorted(GAP.findall(pair[1]))] == []
    assert [english for english, other in pairs if not other.strip()] == []


@pytest.mark.parametrize("language", LANGUAGES)
@settings(max_examples=8, deadline=None)
@given(values=st.lists(VALUES, min_size=6, max_size=6, unique=True))
def test_whatever_stands_in_the_gaps_comes_through(language, values):
    """The sentence is recognised, its words are the other language's, and its names and numbers are all there."""

    def filled(template: str) -> str:
        return GAP.sub(lambda gap: values[int(gap.group()[1:-1]) - 1], template)

    for family, texts in sentences_in(language).items():
        for english, other in texts.items():
            translated = said_in(language, family, filled(english))
            assert translated == filled(other), english


def test_text_that_nobody_knows_stays_as_it_is():
    for text in ("Anything else.", "", "No face was found in the picture"):
        assert said_in("de_DE", "portrait", text) == text
    known = "No face was found in the picture."
    assert said_in("en_US", "portrait", known) == said_in("fr_FR", "portrait", known) == known
    assert said_in("de_DE", "portrait", known) == "Im Bild wurde kein Gesicht gefunden."


def test_lists_and_what_stands_in_gaps_is_told_too():
    progress = said_in("de_DE", "progress", "Fitting: step 3 of 20 · loss 0.123, 20.1 dB")
    assert progress == "Anpassung: Schritt 3 von 20 · Fehler 0.123, 20.1 dB"
    faults = said_in("de_DE", "panohead", "Of the head it made: it is flat (0.1, at least 0.2); it is new.")
    assert faults == "An seinem Kopf stimmt nicht: er ist flach (0.1, mindestens 0.2); it is new."
    assert said_in("de_DE", "disk", "[Errno 13] Permission denied: '/x'") == "[Errno 13] Zugriff verweigert: '/x'"
    death = said_in("de_DE", "worker", "It was stopped by the system (SIGKILL). Its last words:\nKilled\nby kernel")
    assert death.endswith("(SIGKILL). Seine letzten Worte:\nKilled\nby kernel") and "System" in death


def test_what_a_backend_printed_before_it_ended_is_told_too():
    """The log breaks lines where a terminal would."""
    printed = "The backend cannot write into its folder\n/mnt/jobs. (service.home_unwritable)\nCause: [Errno 13]"
    said = said_in("de_DE", "backend", printed + " Permission denied\nWhat to do: Install Cameo again.")
    assert said.splitlines() == [
        "Das Backend kann nicht in seinen Ordner /mnt/jobs schreiben. (service.home_unwritable)",
        "Ursache: [Errno 13] Zugriff verweigert",
        "Abhilfe: Install Cameo again.",
    ]
    assert said_in("de_DE", "backend", "Traceback\nby (foreign.code)") == "Traceback\nby (foreign.code)"


def test_the_source_is_read_as_it_runs(said):
    """Conditions, helpers that take a part of the sentence, tables, lists, other files: all of it is followed."""
    assert {"The head is seen {1} degrees from above; its shape may come out wrong."} <= set(said["panohead"])
    assert {"it is flat ({1}, at least {2})", "Of the head it made: {1}."} <= set(said["panohead"])
    assert "Install Node.js (it brings npm) and try again." in said["asset"]  # from a table
    assert "Line 1 names the column {1} twice." in said["motion"]  # a helper of another file
    assert "Both eyes are hard to make out; something may cover the face there." in said["portrait"]
    codes = error_table.error_codes()
    unexplained = [code for code, error in codes.items() if not "".join(error.sentences) or not "".join(error.fixes)]
    assert len(codes) > 180 and unexplained == [], "every error says what happened and what to do"


def test_every_error_code_has_its_place_in_every_page():
    """``python -m cameo.tools.error_table`` brings them up to date."""
    pages = {path.name: path.read_text(encoding="utf-8") for path in (error_table.PAGE, *error_table.PAGES.iterdir())}
    codes = error_table.error_codes()
    assert len(pages) == 2 + len(LANGUAGES)
    for name, page in pages.items():
        assert [code for code in codes if f'id="{code}"' not in page] == [], name


def test_every_stage_has_a_title():
    jobs = ast.parse((ROOT / "blender_addon" / "panels" / "jobs.py").read_text(encoding="utf-8"))
    (table,) = (n.value for n in jobs.body if isinstance(n, ast.Assign) and ast.unparse(n.targets[0]) == "STAGES")
    sources = [read(path) for path in all_files() if "backend" in path.parts]
    calls = [(source, call) for source in sources for name in ("Stage", "stage") for call in source.calls.get(name, ())]
    names = {text for source, call in calls if call.args for text in texts_of(call.args[0], source)}
    assert {"portrait", "engine", "tracking", "reconstruction"} <= names
    assert names - {"\0"} <= {key.value for key in table.keys}
