"""Which Python, which GPU, which packages, and what pip's words mean."""

import os
import re
import sys
from importlib import metadata
from pathlib import Path

import cameo
import pytest
from cameo.blender_addon.managed import find_python as finding
from cameo.blender_addon.managed import lock as locking
from cameo.blender_addon.managed import machine
from cameo.blender_addon.managed.find_python import find_python
from cameo.blender_addon.managed.lock import lock_for, variant_for
from cameo.blender_addon.managed.machine import Gpu, gpu_of_listing
from cameo.blender_addon.managed.pip_words import PipProgress, problem_of
from cameo.blender_addon.managed.refusal import Refused

ROOT = Path(cameo.__path__[0])


def script(path: Path, text: str) -> str:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return str(path)


def only(monkeypatch, *commands):
    monkeypatch.setattr(finding, "candidates", lambda: iter([list(command) for command in commands]))


@pytest.mark.skipif(os.name == "nt", reason="shell scripts")
def test_a_candidate_is_run_before_it_is_trusted(tmp_path, monkeypatch):
    shim = script(tmp_path / "python3.11", "echo 'command not found' >&2; exit 127")
    liar = script(tmp_path / "python3", "echo Python 3.12; exit 0")
    old = script(tmp_path / "python", """echo '["/usr/bin/python3.9", 3, 9, 9223372036854775807]'""")
    small = script(tmp_path / "py32", """echo '["/usr/bin/python3.12", 3, 12, 2147483647]'""")
    only(monkeypatch, [shim], [liar], [old], [small], [sys.executable])
    assert find_python().version == sys.version_info[:2]
    only(monkeypatch, [shim], [liar], [old], [small])
    monkeypatch.setattr(finding.shutil, "which", lambda *_, **__: None)
    with pytest.raises(Refused) as refused:
        find_python(may_download=True)
    assert refused.value.problem.code == "install.no_python" and "python.org" in refused.value.problem.fix
    with pytest.raises(Refused) as refused:
        find_python(old)
    assert refused.value.problem.code == "install.wrong_python" and "3.9" in refused.value.problem.cause


@pytest.mark.skipif(os.name == "nt", reason="shell scripts")
def test_uv_brings_a_python_where_none_is(tmp_path, monkeypatch):
    only(monkeypatch)
    uv = script(tmp_path / "uv", "exit 0")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_python(may_download=True) == finding.FoundPython(Path(uv), (3, 11), uv=True)
    with pytest.raises(Refused):
        find_python()


def test_the_candidates_of_this_machine_are_commands():
    commands = list(finding.candidates())
    assert commands[-1] == [sys.executable] and all(commands)


def test_the_gpu_is_read_from_the_drivers_own_words(tmp_path, monkeypatch):
    assert gpu_of_listing("NVIDIA GeForce RTX 4090, 580.65.06\n") == Gpu("NVIDIA GeForce RTX 4090", (580, 65))
    assert gpu_of_listing("No devices were found\n") is None
    (tmp_path / "version").write_text("NVRM version: NVIDIA UNIX x86_64 Kernel Module  470.256.02  Thu May  2\n")
    monkeypatch.setattr(machine, "_DRIVER_FILE", tmp_path / "version")
    assert machine._gpu_of_driver_file().driver == (470, 256)


@pytest.mark.skipif(sys.platform == "darwin", reason="no NVIDIA there")
def test_an_old_driver_or_none_means_the_processor_unless_a_gpu_is_asked_for():
    new, old = Gpu("RTX", (580, 65)), Gpu("GTX", (535, 104))
    assert variant_for(new)[0] == "gpu" and variant_for(new, "cpu")[0] == "cpu"
    assert variant_for(None)[0] == "cpu"
    variant, why = variant_for(old)
    assert variant == "cpu" and "535.104" in why
    for gpu, code in ((None, "install.no_gpu"), (old, "install.old_driver")):
        with pytest.raises(Refused) as refused:
            variant_for(gpu, "gpu")
        assert refused.value.problem.code == code


def test_a_checkout_and_an_extension_bring_the_backend_along(tmp_path):
    assert lock_for("cpu").backend[-1] == str(ROOT) and lock_for("cpu").count() > 30
    with pytest.raises(Refused) as refused:
        lock_for("cpu", tmp_path)
    assert refused.value.problem.code == "install.incomplete_extension"
    (tmp_path / "requirements").mkdir()
    for path in (ROOT / "requirements").glob("backend*.txt"):
        (tmp_path / "requirements" / path.name).write_bytes(path.read_bytes())
    (tmp_path / "backend").mkdir()
    wheel = tmp_path / "backend" / f"cameo-{locking.SOFTWARE_VERSION}-py3-none-any.whl"
    wheel.write_bytes(b"one")
    lock = lock_for("cpu", tmp_path)
    first = lock.fingerprint
    assert lock.backend == (str(wheel),) and first != lock_for("gpu", tmp_path).fingerprint
    wheel.write_bytes(b"two")
    assert lock.fingerprint != first


def test_everything_the_backend_needs_is_locked():
    """Every package that a requirement of the backend pulls in has a version in the constraints."""
    pins = {}
    for name in ("backend.txt", "backend_constraints.txt"):
        lines = (ROOT / "requirements" / name).read_text().splitlines()
        pins |= dict(line.split("==") for line in lines if "==" in line and not line.startswith("#"))
    waiting, seen = list(pins), set()
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        try:
            needed = metadata.requires(name) or []
        except metadata.PackageNotFoundError:
            continue  # for another platform, or this test runs in Blender's environment
        assert name in pins, name
        waiting += [_name(line) for line in needed if "extra ==" not in line]


def _name(requirement: str) -> str:
    return re.sub(r"[-_.]+", "-", re.match(r"[\w.-]+", requirement).group()).lower()


def test_pips_lines_become_progress():
    progress = PipProgress(4)
    seen = []
    for line in (
        "Collecting numpy==2.3.5 (from -r backend.txt)",
        "  Downloading numpy-2.3.5-cp311-cp311-manylinux.whl.metadata (62 kB)",
        "Collecting torch==2.13.0",
        "  Downloading torch-2.13.0-cp311-cp311-manylinux_2_28_x86_64.whl (821.0 MB)",
        "Progress 430964736 of 861929472",
        "Installing collected packages: numpy, torch",
    ):
        progress.hear(line)
        seen.append((progress.line, progress.fraction))
    assert [line for line, _ in seen] == [
        "Looking for numpy",
        "Looking for numpy",
        "Looking for torch",
        "Downloading torch (821.0 MB)",
        "Downloading torch: 411 of 822 MB",
        "Unpacking; this takes some minutes",
    ]
    fractions = [fraction for _, fraction in seen]
    assert fractions == sorted(fractions) and fractions[4] > fractions[3] and fractions[-1] == pytest.approx(0.7)


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device", "disk_full"),
        ("ERROR: Wheel 'x' located at /x.whl is invalid.", "package_damaged"),
        ("NewConnectionError: [Errno -2] Name or service not known\nERROR: No matching distribution found for x", "x"),
        ("ERROR: No matching distribution found for x==1", "package_missing"),
        ("ERROR: something new", "failed"),
        ("", "failed"),
    ],
)
def test_pips_last_words_become_a_problem(said, code):
    problem = problem_of(said, "the packages")
    assert problem.code == "install." + {"x": "no_network"}.get(code, code)
    assert problem.cause and problem.fix


@pytest.mark.parametrize(
    ("system", "variant", "page"),
    [
        ("linux", "cpu", "/cpu"),
        ("linux", "gpu", ""),
        ("win32", "cpu", ""),
        ("win32", "gpu", "/cu130"),
        ("darwin", "cpu", ""),
    ],
)
def test_torch_comes_from_where_its_build_is(monkeypatch, system, variant, page):
    monkeypatch.setattr(locking.sys, "platform", system)
    lock = lock_for(variant)
    assert lock.torch_index.endswith(page) and bool(lock.torch_index) == bool(page)
    assert lock.torch.startswith("torch==")
