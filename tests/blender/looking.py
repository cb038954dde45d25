"""What the tests of the portrait do with a backend: connect, choose a picture, wait while the timer ticks."""

import time

import bpy
from cameo.blender_addon import session
from cameo.blender_addon.link.state import LinkState
from cameo.blender_addon.portrait.preflight import PREFLIGHT


def wait_until(condition, seconds=30):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, (session.client().state, session.client().problem, PREFLIGHT.problem)
        session.poll()
        time.sleep(0.01)


def tick_for(seconds):
    end = time.monotonic() + seconds
    wait_until(lambda: time.monotonic() > end)


def connect():
    bpy.ops.cameo.connect()
    wait_until(lambda: session.client().state is LinkState.CONNECTED)


def choose(photo):
    bpy.ops.cameo.pick_image(filepath=str(photo))
    wait_until(lambda: PREFLIGHT.answer is not None or PREFLIGHT.problem is not None)
