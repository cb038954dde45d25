"""What an artist whose Blender is German reads where something goes wrong, by real operators and a backend that fails.

bpy from the package index is built without translations, so the test says which language it is; labels stay English
there, and are tested against their dictionary in ``test_translations.py``.
"""

import webbrowser
from urllib.parse import unquote, urlsplit

import bpy
import cameo
import pytest
from cameo.blender_addon import session, words
from cameo.blender_addon.link.self_test import SelfTest
from cameo.blender_addon.operators import explain
from cameo.blender_addon.panels import backend as backend_panel
from cameo.blender_addon.panels import jobs as jobs_panel
from cameo.blender_addon.panels import portrait as portrait_panel
from cameo.blender_addon.portrait.preflight import PREFLIGHT
from cameo.protocol.avatar import write_avatar
from cameo.protocol.jobs import JobState
from cameo.protocol.messages import Finding
from fake_backend import FakeBackend
from looking import choose, connect, wait_until
from paper import drawn
from toy_avatar import toy_avatar


@pytest.fixture
def german(empty_scene, monkeypatch, tmp_path):
    monkeypatch.setenv("CAMEO_HOME", str(tmp_path / "home"))
    for module in (words, explain):
        monkeypatch.setattr(module, "language", lambda: "de_DE")
    cameo.register()
    yield
    cameo.unregister()


@pytest.fixture
def backend(german, tmp_path):
    made = FakeBackend(tmp_path / "home")
    yield made
    made.kill()


def refusal(operator, **options) -> str:
    with pytest.raises(RuntimeError) as refused:
        operator(**options)
    return str(refused.value)


def test_operators_refuse_in_german(german, photo, tmp_path):
    missing = str(tmp_path / "nowhere.cameo")
    said = refusal(bpy.ops.cameo.import_avatar, filepath=missing)
    assert f"Die Datei {missing} kann nicht geöffnet werden." in said and "Eine andere Datei wählen." in said
    assert "Datei oder Ordner nicht gefunden" in said and "[avatar.unreadable]" in said
    said = refusal(bpy.ops.cameo.import_avatar, filepath=str(photo))
    assert "Diese Datei ist kein Cameo-Avatar." in said and "die Datei beginnt nicht wie ein ZIP-Archiv" in said
    said = refusal(bpy.ops.cameo.paste_image)
    assert "In der Zwischenablage ist kein Bild." in said and "noch einmal einfügen" in said
    bpy.data.images.new("Painted", 8, 8)
    assert "Es gibt kein Bild namens 'Anna'." in refusal(bpy.ops.cameo.use_image, name="Anna")
    empty = tmp_path / "empty.png"
    empty.touch()
    bpy.context.scene.cameo.image = str(empty)
    wait_until(lambda: PREFLIGHT.problem is not None)
    paper = drawn(portrait_panel.PortraitPanel)
    assert "Das Bild empty.png ist eine leere Datei. Ein anderes Bild wählen." in paper.text
    assert "portrait.empty" in paper.buttons


def test_operators_on_an_avatar_refuse_in_german(german, tmp_path):
    write_avatar(tmp_path / "Anna.cameo", toy_avatar(50))
    bpy.ops.cameo.import_avatar(filepath=str(tmp_path / "Anna.cameo"))
    said = refusal(bpy.ops.cameo.select_avatar, name="Bertha")
    assert "In dieser Szene ist kein Avatar namens 'Bertha'." in said and "Einen im Panel auswählen." in said
    said = refusal(bpy.ops.cameo.export_motion, filepath=str(tmp_path / "take.fbx"))
    assert "'.fbx' ist kein Format für Bewegungen." in said and "auf .json oder .csv enden" in said
    said = refusal(bpy.ops.cameo.export_motion, filepath=str(tmp_path / "take.json"), start=9, end=3)
    assert "Einzelbild 3 liegt vor Einzelbild 9." in said and "Start und Ende vertauschen." in said
    take = tmp_path / "take.csv"
    take.write_text("Timecode,BlendshapeCount,EyeBlinkLeft\n14:03:52:28,61,much\n")
    said = refusal(bpy.ops.cameo.import_motion, filepath=str(take))
    assert "Die Bewegung in take.csv kann nicht gelesen werden." in said
    assert "Zeile 2, Spalte 3 (eyeblinkleft): 'much' ist keine Zahl für ein Gesicht." in said


def test_the_portrait_panel_says_in_german_why_not(backend, photo):
    backend.order(examine="fail")
    connect()
    choose(photo)
    paper = drawn(portrait_panel.PortraitPanel)
    assert "Ein anderes Bild wählen." in paper.text and "portrait.no_face" in paper.buttons
    backend.order(examine="answer")
    choose(photo)
    bpy.ops.cameo.look()
    bpy.context.scene.cameo_portrait.engine = "facecraft4d"
    wait_until(lambda: "nicht installiert" in drawn(portrait_panel.PortraitPanel).text)
    text = drawn(portrait_panel.PortraitPanel).text
    assert "zeigt 'cameo weights', wie es zu bekommen ist" in text


def test_jobs_and_the_self_test_speak_german(backend, photo):
    connect()
    choose(photo)
    bpy.ops.cameo.generate()
    (job,) = session.client().jobs.values()
    wait_until(lambda: job.state is JobState.RUNNING)
    backend.tell("notice", code="portrait.occluded", sentence="The mouth is hard to make out; something may cover it.")
    message = "Fitting: step 3 of 20 · loss 0.123, 20.1 dB"
    backend.tell("progress", stage="reconstruction", fraction=0.5, stage_fraction=0.5, message=message)
    wait_until(lambda: job.notices and job.message == message)
    text = drawn(jobs_panel.JobsPanel).text
    assert "Der Mund ist schwer zu erkennen" in text and "Schritt 3 von 20" in text
    assert "dB" not in text, "that is for the log"
    death = "It was stopped by the system (SIGKILL). Its last words:\nKilled"
    fix = "Most often memory ran out: close other programs or choose a smaller preset, then submit again."
    sentence = "The worker process of the backend died."
    backend.tell("failure", code="worker.died", sentence=sentence, cause=death, fix=fix)
    wait_until(lambda: job.problem is not None)
    paper = drawn(jobs_panel.JobsPanel)
    assert "Der Arbeitsprozess des Backends ist abgestürzt." in paper.text and "(SIGKILL)" in paper.text
    assert "Seine letzten Worte: Killed" in paper.text and "worker.died" in paper.buttons
    assert job.problem.sentence == sentence, "what is logged and sent stays English"
    fault = Finding(False, "1.5 GB free for jobs in /x", "At least 2 GB are needed.")
    session.client().self_test = SelfTest(0.01, (fault,))
    text = drawn(backend_panel.SelfTestPanel).text
    assert "1.5 GB frei für Aufträge in /x. Mindestens 2 GB werden gebraucht." in text


def test_the_page_of_an_error_opens_at_its_code(german, monkeypatch):
    opened = []
    monkeypatch.setattr(webbrowser, "open", lambda address: opened.append(address) or True)
    assert bpy.ops.cameo.explain_error(code="disk.full") == {"FINISHED"}
    with open(unquote(urlsplit(opened[0]).path), encoding="utf-8") as lead:
        address = explain.page_of("disk.full")
        assert f"url={address}" in lead.read()
    assert address.endswith("errors.de_DE.html#disk.full") and urlsplit(address).scheme == "file"
    with open(unquote(urlsplit(address).path), encoding="utf-8") as page:
        assert '<section id="disk.full"><h2>disk.full</h2><p>Die Festplatte ist voll.</p>' in page.read()
    monkeypatch.setattr(explain, "language", lambda: "fr_FR")
    assert explain.page_of("disk.full").endswith("errors.en_US.html#disk.full")
