"""Run by Blender's Python: installs as an artist does, uses it, takes it out; prints what it saw as JSON.

Usage: installed_extension.py ZIP, or the address of a repository's index.
``$BLENDER_USER_RESOURCES`` is an empty folder, ``$CAMEO_HOME`` too.
"""

import importlib
import importlib.machinery
import json
import sys
import sysconfig
import threading
import time

import bpy

import addon_utils  # isort: skip - importing bpy puts it on the path

FROM_REPOSITORY = sys.argv[1].endswith("index.json")
REPOSITORY = "cameo_releases" if FROM_REPOSITORY else "user_default"
MODULE = f"bl_ext.{REPOSITORY}.cameo"
CONNECT_SECONDS = 40


class NoZmqButTheExtensions:
    """The environment of the tests has pyzmq and a ``cameo`` of its own; an artist's Blender has neither."""

    @staticmethod
    def find_spec(name, path=None, target=None):
        if name not in ("zmq", "cameo"):
            return None
        elsewhere = [place for place in sys.path if place != sysconfig.get_path("purelib")]
        spec = importlib.machinery.PathFinder.find_spec(name, elsewhere)
        if spec is None:
            raise ModuleNotFoundError(f"no {name} beside the environment's", name=name)
        return spec


def traces():
    """Everything Blender and Python hold of the add-on, as one list of names."""
    found = [name for name in dir(bpy.types) if name.lower().startswith("cameo")]
    found += [f"ops.{name}" for name in dir(bpy.ops.cameo)]
    for owner in (bpy.types.Scene, bpy.types.Object, bpy.types.WindowManager, bpy.types.Image):
        found += [f"{owner.__name__}.{name}" for name in owner.bl_rna.properties.keys() if "cameo" in name]  # noqa: SIM118
    found += [f"engine {engine.__name__}" for engine in bpy.types.RenderEngine.__subclasses__() if engine.is_registered]
    found += [f"thread {thread.name}" for thread in threading.enumerate() if thread is not threading.main_thread()]
    return found


def talk_to_a_backend():
    """Start a real backend, wait for its welcome, stop it. Returns its version of Cameo."""
    session = submodule("session")
    bpy.ops.cameo.start_backend()
    deadline = time.monotonic() + CONNECT_SECONDS
    while session.client().welcome is None and time.monotonic() < deadline:
        session.poll()
        time.sleep(0.02)
    welcome, problem = session.client().welcome, session.client().problem
    assert welcome is not None, problem
    bpy.ops.cameo.stop_backend()
    return welcome.software


def main():
    sys.meta_path.insert(0, NoZmqButTheExtensions)
    before = traces()
    install()
    state = addon_utils.check(MODULE)
    import zmq

    seen = {"enabled": state == (True, True), "zmq": zmq.__file__, "operators": dir(bpy.ops.cameo)}
    seen["preferences"] = bpy.context.preferences.addons[MODULE].preferences.bl_rna.identifier
    seen["registered"] = sorted(set(traces()) - set(before))
    seen["managed"] = str(submodule("session").managed().folder.root)
    seen["brings"] = submodule("managed.lock").lock_for("cpu").backend[-1]
    seen["backend"] = talk_to_a_backend()
    addon_utils.disable(MODULE, default_set=True)
    seen["left"] = sorted(set(traces()) - set(before))
    addon_utils.enable(MODULE, default_set=True)
    seen["left"] += sorted(set(seen["registered"]) - set(traces()))  # all of it is there the second time
    addon_utils.disable(MODULE, default_set=True)
    seen["left"] += sorted(set(traces()) - set(before))
    bpy.ops.extensions.package_uninstall(repo_index=repository(), pkg_id="cameo")
    print(json.dumps(seen))


def install():
    if FROM_REPOSITORY:
        bpy.context.preferences.system.use_online_access = True  # Blender wants it for every repository
        bpy.context.preferences.extensions.repos.new(name="Cameo", module=REPOSITORY, remote_url=sys.argv[1])
        bpy.ops.extensions.repo_sync(repo_index=repository())
        bpy.ops.extensions.package_install(repo_index=repository(), pkg_id="cameo", enable_on_install=True)
    else:
        bpy.ops.extensions.package_install_files(filepath=sys.argv[1], repo=REPOSITORY, enable_on_install=True)


def repository():
    repositories = bpy.context.preferences.extensions.repos
    return next(index for index, one in enumerate(repositories) if one.module == REPOSITORY)


def submodule(name):
    return importlib.import_module(f"{MODULE}.blender_addon.{name}")


main()
