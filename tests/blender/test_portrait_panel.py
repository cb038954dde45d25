"""What the panels of the portrait and the queue draw in each state: texts, buttons that exist, icons that exist."""

import bpy
import cameo
import pytest
from cameo.blender_addon import session
from cameo.blender_addon.link.job_view import JobView
from cameo.blender_addon.link.problem import Problem
from cameo.blender_addon.panels import jobs as jobs_panel
from cameo.blender_addon.panels import portrait as panel
from cameo.blender_addon.portrait.preflight import PREFLIGHT
from cameo.protocol.jobs import JobState, new_job_id
from fake_backend import FakeBackend
from looking import choose, connect, wait_until
from paper import drawn


@pytest.fixture
def backend(empty_scene, monkeypatch, tmp_path):
    monkeypatch.setenv("CAMEO_HOME", str(tmp_path / "home"))
    cameo.register()
    made = FakeBackend(tmp_path / "home", faces=3)
    yield made
    made.kill()
    cameo.unregister()


def test_the_portrait_panel_says_what_was_seen(backend, photo):
    paper = drawn(panel.PortraitPanel)
    assert {"avatar_name", "preset", "engine"} <= set(paper.properties) and "File" in paper.buttons
    assert "Choose a picture with a face" in paper.text
    bpy.ops.cameo.pick_image(filepath=str(photo))
    wait_until(lambda: PREFLIGHT.chosen and not PREFLIGHT.reading)
    assert "as soon as the backend is connected" in drawn(panel.PortraitPanel).text
    connect()
    choose(photo)
    paper = drawn(panel.PortraitPanel)
    assert {"1", "2", "3"} <= set(paper.buttons) and "3 faces" in paper.text
    assert "may be used in paid work" in paper.text and "About 5 minutes" in paper.text
    bpy.context.scene.cameo_portrait.engine = "facecraft4d"
    paper = drawn(panel.PortraitPanel)
    assert "Not ready: PanoHead" in paper.text and "cameo.copy_weights_command" in paper.buttons
    backend.order(examine="fail")
    bpy.ops.cameo.look()
    wait_until(lambda: PREFLIGHT.problem is not None)
    paper = drawn(panel.PortraitPanel)
    assert "No face was found" in paper.text and "Cause:" in paper.text and "Choose another" in paper.text
    assert "Look Again" in paper.buttons


def test_an_image_offers_the_way_back_to_a_file(backend):
    bpy.data.images.new("Painted", 8, 8)
    bpy.ops.cameo.use_image(name="Painted")
    paper = drawn(panel.PortraitPanel)
    assert "picture" in paper.properties and "File" in paper.buttons


@pytest.mark.parametrize("state", list(JobState))
def test_the_queue_draws_every_state(backend, state):
    job = JobView(new_job_id(), "Grace", mine=True, state=state, stage="engine", fraction=0.4, eta_seconds=30.0)
    job.problem = Problem("disk.full", "The disk is full.", "0 MB free", "Make room.")
    job.notices.append(Problem("portrait.blurred", "The face is blurred."))
    session.client().jobs[job.job] = job
    paper = drawn(jobs_panel.JobsPanel)
    assert f"Grace: {state.value}" in paper.text and "The disk is full." in paper.text
    assert ("40%" in paper.text) == (not job.finished)
    assert ("about 30 s left" in paper.text) == (state is JobState.RUNNING)
    job.eta_seconds = None
    assert ("estimating the time left" in drawn(jobs_panel.JobsPanel).text) == (state is JobState.RUNNING)


def test_pictures_may_be_dropped_into_the_viewport(backend):
    handler = bpy.types.FileHandler.bl_rna_get_subclass_py("CAMEO_FH_portrait")
    assert handler.bl_import_operator == "cameo.pick_image" and ".png" in handler.bl_file_extensions
    bpy.ops.cameo.pick_image("INVOKE_DEFAULT", filepath="/pictures/dropped.png")  # what dropping one does
    assert bpy.context.scene.cameo.image == "/pictures/dropped.png"
