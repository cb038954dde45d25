"""The head in the making on the graphics card. Runs in a process of its own: a broken driver may end it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = """
import sys
sys.path.insert(0, sys.argv[1])
import conftest  # makes the repository importable as cameo
import bpy
import gpu
import numpy as np
from mathutils import Matrix
import gpu_context  # says CONTEXT

from cameo.blender_addon.link.job_view import JobView
from cameo.blender_addon.render.job_cloud import JobCloud
from cameo.protocol.jobs import JobState, new_job_id
from cameo.protocol.messages import Preview

SIZE = 64

def preview(*splats):
    # (head frame: x to the subject's left, y up, z forward), radius, colour
    return Preview("0f8fad5b-d9cb-469f-a165-70867728950e", None,
                   np.array([place for place, _, _ in splats], np.float32),
                   np.array([radius for _, radius, _ in splats], np.float32),
                   np.array([color for _, _, color in splats], np.uint8))

def drawn(cloud, view):
    # an orthographic view, two metres wide; float [H,W,4], first row below
    target = gpu.types.GPUOffScreen(SIZE, SIZE, format="RGBA32F")
    with target.bind():
        buffer = gpu.state.active_framebuffer_get()
        buffer.clear(color=(0.0, 0.0, 0.0, 0.0), depth=1.0)
        window = Matrix(((1, 0, 0, 0), (0, 1, 0, 0), (0, 0, -0.1, 0), (0, 0, 0, 1)))
        cloud.draw(window, view, SIZE, orthographic=True)
        pixels = buffer.read_color(0, 0, SIZE, SIZE, 4, 0, "FLOAT")
    return np.array(pixels.to_list(), np.float32).reshape(SIZE, SIZE, 4)

front = Matrix(((1, 0, 0, 0), (0, 0, 1, 0), (0, -1, 0, 0), (0, 0, 0, 1)))  # Blender's front view: x right, z up
back = Matrix.Rotation(np.pi, 4, "Y") @ front
job, cloud = JobView(new_job_id(), state=JobState.RUNNING), JobCloud()
job.splats = preview(((0.5, 0.5, 0.0), 0.05, (255, 0, 0)), ((0.0, -0.5, 0.3), 0.1, (0, 255, 0)),
                     ((0.0, -0.5, -0.3), 0.1, (0, 0, 255)))
assert cloud.follow([job]) and not cloud.follow([job])
seen = drawn(cloud, front)
red = seen[48, 48]
assert red[0] > 0.6 and red[1] == 0 and seen[16, 16].sum() == 0, "where the avatar will stand"
near, far = seen[16, 32], drawn(cloud, back)[16, 32]
assert near[1] > 0.6 > 0.3 > near[2], "the green disc is before the blue one"
assert far[2] > 0.6 > 0.3 > far[1], "from behind it is the other way round"
job.splats = preview(((0.5, 0.5, 0.0), 0.05, (0, 0, 255)))
assert cloud.follow([job]) and drawn(cloud, front)[48, 48][2] > 0.6, "the newest cloud replaces the one before"
job.state = JobState.DONE
assert cloud.follow([job]) and drawn(cloud, front).sum() == 0
print("EQUAL", flush=True)
"""


def test_the_cloud_stands_where_the_avatar_will():
    command = [sys.executable, "-c", SCRIPT, str(Path(__file__).parent)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=170)
    if "CONTEXT" not in done.stdout:
        pytest.skip("no OpenGL here")
    assert "EQUAL" in done.stdout, done.stderr[-2000:]
