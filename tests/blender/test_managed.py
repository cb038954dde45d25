"""The managed backend in Blender: what the panel says and offers, and a real installation through the operators."""

import sys
import time
from dataclasses import replace
from pathlib import Path

import bpy
import cameo
import pytest
from cameo.blender_addon import session
from cameo.blender_addon.link.problem import Problem
from cameo.blender_addon.link.state import LinkState
from cameo.blender_addon.managed.manager import ManagedBackend, Work
from cameo.blender_addon.panels import backend as panel
from cameo.blender_addon.panels import fixes

sys.path.insert(0, str(Path(__file__).parents[1] / "managed"))
from toy_release import ToyRelease

TICK_LIMIT = 0.016


class Paper:
    """Stands where Blender gives a panel its layout, which exists in a window only; keeps what was drawn."""

    def __init__(self):
        self.texts, self.buttons = [], []

    def label(self, text="", icon="NONE"):
        assert icon in bpy.types.UILayout.bl_rna.functions["label"].parameters["icon"].enum_items
        self.texts.append(text)

    def progress(self, factor=0.0, text=""):
        self.texts.append(text)

    def operator(self, name, text="", icon="NONE"):
        category, _, function = name.partition(".")
        getattr(getattr(bpy.ops, category), function).get_rna_type()  # KeyError: there is no such operator
        assert icon in bpy.types.UILayout.bl_rna.functions["operator"].parameters["icon"].enum_items
        self.buttons.append(text or name)
        return type("Properties", (), {})()

    def box(self, **_):
        return self

    row = column = box


def drawn(kind=panel.BackendPanel) -> Paper:
    paper = Paper()
    owner = type("Panel", (), {"layout": paper})()
    kind.draw(owner, bpy.context)
    return paper


@pytest.fixture
def addon(empty_scene, monkeypatch, tmp_path):
    monkeypatch.setenv("CAMEO_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("CAMEO_BACKEND_PYTHON", raising=False)
    elsewhere = tmp_path / "elsewhere" / "a" / "b" / "launch.py"  # an extension: no checkout around it
    monkeypatch.setattr("cameo.blender_addon.link.launch.__file__", str(elsewhere))
    cameo.register()
    yield session
    cameo.unregister()


@pytest.fixture
def release(tmp_path):
    return ToyRelease(tmp_path / "release")


def use(release, tmp_path, monkeypatch) -> ManagedBackend:
    managed = ManagedBackend(tmp_path / "home" / "backend", release.lock)
    monkeypatch.setattr(session, "_managed", managed)
    return managed


def wait_until(condition, seconds=300):
    end, ticks = time.monotonic() + seconds, []
    while not condition():
        assert time.monotonic() < end, session.managed().state
        started = time.perf_counter()
        session.poll()
        ticks.append(time.perf_counter() - started)
        time.sleep(0.01)
    return ticks


def test_not_installed_offers_to_install(addon):
    paper = drawn()
    assert "not installed" in " ".join(paper.texts) and "Install Backend" in paper.buttons
    bpy.ops.cameo.start_backend()
    assert session.client().state is LinkState.ERROR and session.client().problem.code == "backend.not_installed"
    assert "Install Backend" in drawn().buttons
    for operator in (bpy.ops.cameo.cancel_install, bpy.ops.cameo.uninstall_backend, bpy.ops.cameo.roll_back_backend):
        assert not operator.poll()


def test_no_network_is_a_problem_with_its_buttons(addon, release, tmp_path, monkeypatch):
    managed = use(release, tmp_path, monkeypatch)
    assert not bpy.app.online_access, "Blender's module starts without access"
    bpy.ops.cameo.install_backend()
    wait_until(lambda: managed.state.work is Work.NONE)
    assert managed.state.problem.code == "install.offline"
    paper = drawn()
    assert {"Allow Online Access and Install", "Choose Packages"} <= set(paper.buttons)
    assert "may not use the network" in " ".join(paper.texts)
    bpy.ops.cameo.dismiss_install_problem()
    assert managed.state.problem is None
    bpy.ops.cameo.install_online()
    try:
        assert bpy.app.online_access and managed.state.work is Work.INSTALLING
        bpy.ops.cameo.cancel_install()
        wait_until(lambda: managed.state.work is Work.NONE)
        assert managed.state.problem is None or managed.state.problem.code != "install.offline"
    finally:
        bpy.context.preferences.system.use_online_access = False


def test_installed_through_the_operators_shown_and_removed(addon, release, tmp_path, monkeypatch):
    managed = use(release, tmp_path, monkeypatch)
    bpy.ops.cameo.install_backend(packages=str(release.wheelhouse))
    assert not bpy.ops.cameo.install_backend.poll() and bpy.ops.cameo.cancel_install.poll()
    wait_until(lambda: managed.state.fraction > 0)
    paper = drawn()
    assert "cameo.cancel_install" in paper.buttons and any(text.endswith("%") for text in paper.texts)
    ticks = wait_until(lambda: managed.state.work is Work.NONE)
    assert managed.state.problem is None and managed.state.installed.software == "0.1.0"
    assert sorted(ticks)[int(len(ticks) * 0.99)] < TICK_LIMIT
    assert session.missing_backend() is None and "cameo.start_backend" in drawn().buttons
    assert any("0.1.0 for the processor" in text for text in drawn(panel.InstalledPanel).texts)
    release.set_backend("0.2.0")
    managed.look()
    assert "Upgrade Backend" in drawn().buttons and not managed.state.renewed
    bpy.ops.cameo.install_backend(packages=str(release.wheelhouse))
    wait_until(lambda: managed.state.work is Work.NONE)
    assert managed.state.renewed and managed.state.installed.software == "0.2.0"
    bpy.ops.cameo.roll_back_backend()
    assert not managed.state.renewed and managed.state.installed.software == "0.1.0"
    bpy.ops.cameo.uninstall_backend()
    wait_until(lambda: managed.state.work is Work.NONE)
    assert managed.state.installed is None and not (tmp_path / "home" / "backend").exists()
    assert "Install Backend" in drawn().buttons


def test_a_choice_in_the_preferences_that_is_gone_is_named(addon, tmp_path, monkeypatch):
    monkeypatch.setenv("CAMEO_BACKEND_PYTHON", str(tmp_path / "nowhere"))
    bpy.ops.cameo.start_backend()
    assert session.client().problem.code == "backend.not_there"


def test_every_fix_is_a_button_that_exists_and_every_problem_of_the_installation_has_one(addon, monkeypatch):
    managed = session.managed()
    for code in fixes.FIXES:
        managed.state = replace(managed.state, problem=Problem(code, "A sentence.", "A cause.", "A fix."))
        assert len(drawn().buttons) >= 2, code
    folder = Path(cameo.__path__[0]) / "blender_addon" / "managed"
    words = (word for path in folder.glob("*.py") for word in path.read_text().split('"'))
    codes = {word for word in words if word.startswith("install.")} - {"install.log", "install.incomplete_extension"}
    assert len(codes) > 15 and codes <= set(fixes.FIXES)
