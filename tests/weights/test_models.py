"""Fetching whole models over real HTTP, installing them, finding them again, and saying what is missing."""

import hashlib
import json
import random
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from cameo.backend.errors import AssetError, JobCancelled
from cameo.backend.progress import SilentReporter
from cameo.backend.weights import cache, consent, download, models
from cameo.backend.weights.consent import accept, is_accepted
from cameo.backend.weights.install import ModelReader, fetch_model, import_model
from cameo.backend.weights.model_table import MODELS, Licence, Model, ModelFile, model
from cameo.backend.weights.models import (
    is_installed,
    missing_for_engine,
    model_path,
    models_dir,
    readable_size,
    require_models,
    terms_of_engine,
)
from cameo.backend.weights.pickles import PickleKind, convert
from cameo.backend.weights.recognise import Found
from cameo.backend.weights.records import faults, read_record
from cameo.protocol.connection import default_home
from local_server import serving
from safetensors.torch import load_file

LARGE = random.Random(3).randbytes(300_000)
SMALL = b'{"small": true}'
LICENCE = Licence("A licence", "short", "no", "Only tests.", "http://127.0.0.1/licence")


def refuse_if_wrong(folder):
    """Stands where a model's own reader is: reads the file it needs."""
    if (folder / "part" / "large.bin").read_bytes()[:4] != LARGE[:4]:
        raise AssetError("toy.wrong", "It is something else.", cause="x", fix="y")


PLAIN = ModelReader(refuse_if_wrong)


@pytest.fixture
def server(tmp_path, monkeypatch):
    monkeypatch.setenv("CAMEO_MODELS", str(tmp_path / "models"))
    monkeypatch.setattr(download, "RETRY_WAITS_S", (0.01, 0.01))
    with serving({"/a/part/large.bin": LARGE, "/a/small.json": SMALL}) as running:
        yield running


def row_at(*addresses):
    """A model of two files, one of them with a known hash."""
    large = ModelFile("part/large.bin", len(LARGE), hashlib.sha256(LARGE).hexdigest())
    files = (large, ModelFile("small.json", 20, exact=False))
    return Model(
        "toy",
        "Toy",
        "For tests.",
        files,
        "http://127.0.0.1/page",
        (LICENCE,),
        addresses,
        needed_by=("magic",),
    )


@pytest.fixture
def toy(server, monkeypatch):
    monkeypatch.setitem(MODELS, "toy", row_at(f"{server.address}/a"))
    return MODELS["toy"]


def agree(row):
    models_dir().mkdir(parents=True, exist_ok=True)
    accept(models_dir(), row)


def fetched(row):
    agree(row)
    return fetch_model(row, PLAIN, SilentReporter())


def no_network(monkeypatch):
    def refuse(*_):
        raise AssertionError("the network was used")

    monkeypatch.setattr("socket.socket.connect", refuse)
    monkeypatch.setattr("socket.getaddrinfo", refuse)


def test_fetched_recorded_and_found_without_a_network(toy, server, monkeypatch):
    assert not is_installed("toy")
    record = fetched(toy)
    no_network(monkeypatch)
    assert is_installed("toy")
    folder = model_path("toy")
    assert (folder / "part" / "large.bin").read_bytes() == LARGE and (folder / "small.json").read_bytes() == SMALL
    assert record == read_record(folder)
    assert record.published is True and record.origin == f"{server.address}/a"
    assert {file.path: file.size for file in record.files} == {"part/large.bin": len(LARGE), "small.json": len(SMALL)}
    assert faults(folder, record, lambda _: None) == []
    assert not any(path.name.startswith(".new") for path in models_dir().iterdir())


def test_nothing_is_fetched_before_the_licence_is_accepted(toy, server):
    with pytest.raises(AssetError) as caught:
        fetch_model(toy, PLAIN, SilentReporter())
    assert caught.value.code == "weights.licence_not_accepted"
    assert "Only tests." in caught.value.cause and "--accept toy" in caught.value.fix
    assert server.asked == [] and not is_installed("toy")


def test_acceptance_is_remembered_with_date_and_text_and_asked_again_when_the_text_changes(toy):
    agree(toy)
    kept = json.loads((models_dir() / "licences.json").read_text())["toy"]
    assert is_accepted(models_dir(), toy)
    assert kept["sha256"] == hashlib.sha256(consent.licence_text(toy).encode()).hexdigest() and kept["date"][:2] == "20"
    changed = Licence("A licence", "short", "no", "Only tests on Mondays.", "http://127.0.0.1/licence")
    assert not is_accepted(models_dir(), Model(**{**vars(toy), "licences": (changed,)}))
    (models_dir() / "licences.json").write_text("{")
    assert not is_accepted(models_dir(), toy)


def test_what_was_fetched_is_not_fetched_twice(toy, server):
    """The second file's server gives up; the next time only that file is asked for."""
    del server.files["/a/small.json"]
    with pytest.raises(AssetError) as caught:
        fetched(toy)
    assert caught.value.code == "weights.refused_by_server" and not is_installed("toy")
    server.files["/a/small.json"] = SMALL
    server.asked.clear()
    fetched(toy)
    assert [path for path, *_ in server.asked] == ["/a/small.json"]


def test_a_second_address_helps_when_the_first_fails(server, monkeypatch):
    monkeypatch.setitem(MODELS, "toy", row_at(f"{server.address}/moved", f"{server.address}/a"))
    fetched(MODELS["toy"])
    assert is_installed("toy")


def test_too_little_room_is_said_before_the_download(toy, server, monkeypatch):
    agree(toy)
    monkeypatch.setattr(cache.shutil, "disk_usage", lambda folder: SimpleNamespace(free=1000))
    with pytest.raises(AssetError) as caught:
        fetch_model(toy, PLAIN, SilentReporter())
    assert caught.value.code == "asset.disk_full" and "CAMEO_MODELS" in caught.value.fix
    assert server.asked == []


def test_a_folder_that_cannot_be_written(toy, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("not a folder")
    monkeypatch.setenv("CAMEO_MODELS", str(tmp_path / "file"))
    with pytest.raises(AssetError) as caught:
        fetch_model(toy, PLAIN, SilentReporter())
    assert caught.value.code == "asset.cache_unwritable" and "CAMEO_MODELS" in caught.value.fix


def test_damage_is_found_and_a_new_installation_repairs_it(toy):
    record = fetched(toy)
    folder = model_path("toy")
    (folder / "part" / "large.bin").write_bytes(bytes(len(LARGE)))
    assert is_installed("toy")  # quick: sizes only
    assert faults(folder, record, lambda _: None) == ["part/large.bin was altered"]
    (folder / "part" / "large.bin").write_bytes(b"x")
    (folder / "small.json").unlink()
    assert not is_installed("toy")
    assert [fault.partition(" ")[0] for fault in faults(folder, record, lambda _: None)] == [
        "part/large.bin",
        "small.json",
    ]
    with pytest.raises(AssetError, match="Toy") as caught:
        model_path("toy")
    assert "part/large.bin (300 kB), small.json (about 20 bytes)" in caught.value.cause
    fetched(toy)
    assert is_installed("toy")


@pytest.mark.parametrize("move", [False, True])
def test_imported_from_a_folder(toy, tmp_path, move, monkeypatch):
    no_network(monkeypatch)
    files = {"part/large.bin": tmp_path / "have" / "part" / "large.bin", "small.json": tmp_path / "have" / "small.json"}
    files["part/large.bin"].parent.mkdir(parents=True)
    files["part/large.bin"].write_bytes(LARGE)
    files["small.json"].write_bytes(SMALL)
    record = import_model(Found(toy, files), PLAIN, SilentReporter(), move=move)
    assert is_installed("toy") and record.published is True
    assert [path.exists() for path in files.values()] == [not move, not move]
    again = {name: model_path("toy") / name for name in files}
    assert import_model(Found(toy, again), PLAIN, SilentReporter(), move=move).files == record.files
    assert is_installed("toy")


def test_a_move_that_is_stopped_takes_nothing_away(toy, tmp_path):
    files = {"part/large.bin": tmp_path / "have" / "part" / "large.bin", "small.json": tmp_path / "have" / "small.json"}
    files["part/large.bin"].parent.mkdir(parents=True)
    files["part/large.bin"].write_bytes(LARGE)
    files["small.json"].write_bytes(SMALL)

    class Stopping(SilentReporter):
        def progress(self, fraction, message=""):
            if message.startswith("recording"):
                raise JobCancelled

    with pytest.raises(JobCancelled):
        import_model(Found(toy, files), PLAIN, Stopping(), move=True)
    assert not is_installed("toy") and files["part/large.bin"].read_bytes() == LARGE
    import_model(Found(toy, files), PLAIN, SilentReporter(), move=True)
    assert is_installed("toy") and not files["part/large.bin"].exists()


def test_moving_out_of_a_store_of_links_takes_the_contents(toy, tmp_path):
    """Hugging Face's own cache holds links to files with hashes for names."""
    (tmp_path / "blob").write_bytes(LARGE)
    folder = tmp_path / "have"
    (folder / "part").mkdir(parents=True)
    (folder / "part" / "large.bin").symlink_to(tmp_path / "blob")
    (folder / "small.json").write_bytes(SMALL)
    files = {"part/large.bin": folder / "part" / "large.bin", "small.json": folder / "small.json"}
    import_model(Found(toy, files), PLAIN, SilentReporter(), move=True)
    assert not (model_path("toy") / "part" / "large.bin").is_symlink()
    assert (model_path("toy") / "part" / "large.bin").read_bytes() == LARGE


def test_a_model_that_its_reader_refuses_changes_nothing(toy, tmp_path):
    fetched(toy)
    before = read_record(models_dir() / "toy")
    files = {"part/large.bin": tmp_path / "have" / "part" / "large.bin", "small.json": tmp_path / "have" / "small.json"}
    files["part/large.bin"].parent.mkdir(parents=True)
    for path in files.values():
        path.write_bytes(b"wrong")
    with pytest.raises(AssetError) as caught:
        import_model(Found(toy, files), PLAIN, SilentReporter(), move=True)
    assert caught.value.code == "toy.wrong"
    assert read_record(models_dir() / "toy") == before and all(path.exists() for path in files.values())
    assert sorted(path.name for path in models_dir().iterdir()) == [".toy.lock", "licences.json", "toy"]


def test_a_pickle_becomes_safetensors_and_is_not_kept(server, tmp_path, monkeypatch):
    tensor = torch.arange(6.0).reshape(2, 3)
    torch.save({"a": {"weight": tensor}, "step": 3}, tmp_path / "net.pth")
    content = (tmp_path / "net.pth").read_bytes()
    server.files["/a/net.pth"] = content
    file = ModelFile("net.pth", len(content), hashlib.sha256(content).hexdigest())
    row = Model("toy", "Toy", "", (file,), "", (LICENCE,), (f"{server.address}/a",), single=True, converted=True)
    monkeypatch.setitem(MODELS, "toy", row)
    kind = PickleKind("states", "toys", 1 << 20)
    reader = ModelReader(lambda path: load_file(path), lambda source, target: convert(source, kind, target))
    agree(row)
    fetch_model(row, reader, SilentReporter())
    path = model_path("toy")
    assert path == models_dir() / "toy" / "net.safetensors"
    assert torch.equal(load_file(path)["a.weight"], tensor)
    assert sorted(entry.name for entry in path.parent.iterdir()) == ["installed.json", "net.safetensors"]


def test_everything_that_is_missing_is_said_at_once(tmp_path, monkeypatch):
    monkeypatch.setenv("CAMEO_MODELS", str(tmp_path))
    with pytest.raises(AssetError) as caught:
        require_models(MODELS)
    error = caught.value
    assert error.code == "weights.missing" and str(tmp_path) in error.cause
    for row in MODELS.values():
        assert row.title in error.sentence
        for file in row.files:
            if not file.optional and file.size >= 2_000_000:
                assert f"{file.shown} ({readable_size(file.size, file.exact)})" in error.cause
        for licence in row.licences:
            assert licence.short in error.cause
        if row.addresses:
            assert f"cameo weights fetch {row.name}" in error.fix
        else:
            assert row.page in error.fix
    assert "cameo weights import FILE" in error.fix


def test_an_unknown_model():
    with pytest.raises(AssetError) as caught:
        model_path("nonsense")
    assert caught.value.code == "weights.unknown" and "liveportrait" in caught.value.fix


def test_an_engine_says_what_it_misses(toy, server):
    assert missing_for_engine("builtin") == ""
    sentence = missing_for_engine("magic")
    assert sentence.startswith("Toy (about 300 kB) is not installed") and "cameo weights" in sentence
    fetched(toy)
    assert missing_for_engine("magic") == ""
    assert "PanoHead" in missing_for_engine("facecraft4d") and "LivePortrait" in missing_for_engine("facecraft4d")


def test_an_engine_says_what_its_models_allow(monkeypatch):
    assert "may be used" in terms_of_engine("builtin")
    assert "PanoHead (CC BY-NC-SA 4.0)" in terms_of_engine("facecraft4d") and "not" in terms_of_engine("facecraft4d")
    monkeypatch.delitem(MODELS, "panohead")
    assert "may be used" in terms_of_engine("facecraft4d")


def test_the_folder_is_in_the_backends_home(monkeypatch, tmp_path):
    monkeypatch.delenv("CAMEO_MODELS", raising=False)
    monkeypatch.setenv("CAMEO_HOME", str(tmp_path))
    assert models.models_dir() == default_home() / "models" == tmp_path / "models"
    monkeypatch.setenv("CAMEO_MODELS", "~/elsewhere")
    assert models.models_dir() == Path.home() / "elsewhere"


def test_the_table_is_sound():
    for name, row in MODELS.items():
        assert name == row.name and model(name) is row and row.licences and row.page.startswith("https://")
        assert bool(row.addresses) != bool(row.by_hand)
        assert all(address.startswith("https://") and not address.endswith("/") for address in row.addresses)
        assert len({row.kept(file) for file in row.files}) == len(row.files)
        for file in row.files:
            assert file.size > 0 and not file.path.startswith(("/", ".")) and ".." not in file.path
            assert file.sha256 is None or (len(file.sha256) == 64 and file.exact and int(file.sha256, 16))


@pytest.mark.parametrize(
    ("size", "words"), [(5, "5 bytes"), (1_500, "1.5 kB"), (222_000_000, "222 MB"), (6_940_000_000, "6.9 GB")]
)
def test_sizes_in_words(size, words):
    assert readable_size(size) == words
    assert readable_size(size, exact=False) == f"about {words}"
