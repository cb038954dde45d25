"""``cameo weights`` with the real readers: what an artist downloads becomes a model, and nothing else does."""

import json
import os
import pickle
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from cameo.backend.cli import main
from cameo.backend.commands import model_readers, weights
from cameo.backend.errors import AssetError
from cameo.backend.head.flame.files import read_model
from cameo.backend.priors.liveportrait.networks import load_networks
from cameo.backend.priors.panohead.checkpoint import load_generator
from cameo.backend.priors.panohead.config import PanoHeadConfig
from cameo.backend.priors.panohead.trigrid import PLANE_AXES
from cameo.backend.service.about import describe_backend
from cameo.backend.weights import download
from cameo.backend.weights.model_table import MODELS, Licence, Model, ModelFile
from cameo.backend.weights.models import is_installed, model_path, models_dir
from safetensors.torch import save_file

TESTS = Path(__file__).parents[1]
sys.path[:0] = [str(TESTS / folder) for folder in ("weights", "priors/panohead", "priors/liveportrait", "head/flame")]
from flame_files import pickled, random_model, write, write_landmarks  # noqa: E402
from forged_pickles import Reduced, attacks  # noqa: E402
from local_server import serving  # noqa: E402
from small_liveportrait import random_states  # noqa: E402
from small_panohead import arguments, random_state  # noqa: E402
from stored_networks import checkpoint, published_names, stored_tree  # noqa: E402

NETWORKS = {
    "appearance": "appearance_feature_extractor",
    "motion": "motion_extractor",
    "warping": "warping_module",
    "generator": "spade_generator",
}
MARKS = {"t_mapping.w": torch.ones(1), "bcg_synthesis.w": torch.ones(1)}  # by which PanoHead is recognised
SMALL = {"stitching": "retarget_shoulder", "lip": "retarget_mouth", "eye": "retarget_eye"}


@pytest.fixture(autouse=True)
def own_folders(tmp_path, monkeypatch):
    monkeypatch.setenv("CAMEO_MODELS", str(tmp_path / "models"))
    monkeypatch.setenv("CAMEO_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("COLUMNS", "200")


def complaint(capsys, *arguments):
    """What the whole command says when it fails; it ends with 1."""
    with pytest.raises(SystemExit) as ended:
        main(["weights", *map(str, arguments)])
    assert ended.value.code == 1
    return capsys.readouterr().err


def no_network(monkeypatch):
    def refuse(*_):
        raise AssertionError("the network was used")

    monkeypatch.setattr("socket.socket.connect", refuse)
    monkeypatch.setattr("socket.getaddrinfo", refuse)


def write_panohead(path, canary):
    source = f"open({str(canary)!r}, 'w').close()"
    state = random_state(PanoHeadConfig.of_checkpoint(arguments()))
    path.write_bytes(checkpoint(arguments(), arguments()["rendering_kwargs"], torch.tensor(PLANE_AXES), state, source))
    return path


def write_liveportrait(folder):
    states = random_states()
    for name in ("base_models", "retargeting_models"):
        (folder / name).mkdir(parents=True)
    for name, file in NETWORKS.items():
        torch.save(states[name], folder / "base_models" / f"{file}.pth")
    small = {SMALL[name]: {f"module.{key}": value for key, value in states[name].items()} for name in SMALL}
    torch.save(small, folder / "retargeting_models" / "stitching_retargeting_module.pth")
    return folder


def write_unet(folder):
    """A folder with the facts that the reader asks for, and weights of no use."""
    folder.mkdir(parents=True)
    config = {"_class_name": "UNet2DConditionModel", "addition_embed_type": "text_time"}
    (folder / "config.json").write_text(json.dumps(config | {"in_channels": 4, "out_channels": 4}))
    save_file({"conv_in.weight": torch.ones(2000)}, folder / "diffusion_pytorch_model.safetensors")
    return folder


def test_panohead_is_converted_and_nothing_in_it_runs(tmp_path, monkeypatch, capsys):
    no_network(monkeypatch)
    source = write_panohead(tmp_path / "download.pkl", tmp_path / "canary")
    expected = load_generator(source)[0].state_dict()
    weights.weights(weights.Import(source))
    path = model_path("panohead")
    assert path.suffix == ".safetensors" and path.parent == models_dir() / "panohead" and source.exists()
    torch.testing.assert_close(dict(load_generator(path)[0].state_dict()), dict(expected), atol=0, rtol=0)
    assert not (tmp_path / "canary").exists()
    said = capsys.readouterr().out
    assert "PanoHead is installed:" in said and "CC BY-NC-SA 4.0" in said and "Paid work: no" in said


def test_liveportrait_is_converted_and_moved(tmp_path, monkeypatch, capsys):
    no_network(monkeypatch)
    source = write_liveportrait(tmp_path / "LivePortrait" / "liveportrait")
    expected = load_networks(source)
    weights.weights(weights.Import(tmp_path / "LivePortrait", move=True))
    folder = model_path("liveportrait")
    assert not list(folder.rglob("*.pth")) and not list(source.rglob("*.pth"))
    image = torch.rand(1, 3, 32, 32)
    torch.testing.assert_close(load_networks(folder).appearance(image), expected.appearance(image), atol=0, rtol=0)
    assert "not the published ones" in capsys.readouterr().out


def test_flame_with_what_lies_beside_it(tmp_path, monkeypatch):
    no_network(monkeypatch)
    table = random_model()
    (tmp_path / "in").mkdir()
    write(tmp_path / "in" / "generic_model.pkl", pickled(table))
    write(tmp_path / "in" / "FLAME_masks.pkl", pickle.dumps({"nose": np.arange(9)}))
    write_landmarks(tmp_path / "in" / "landmark_embedding_with_eyes.npy", len(table["f"]))
    weights.weights(weights.Import(tmp_path / "in"))
    path = model_path("flame")
    assert sorted(entry.name for entry in path.parent.iterdir()) == [
        "FLAME_masks.safetensors",
        "flame.safetensors",
        "installed.json",
        "landmark_embedding_with_eyes.safetensors",
    ]
    np.testing.assert_array_equal(read_model(path).v_template, table["v_template"])


def test_a_bare_unet(tmp_path, monkeypatch, capsys):
    no_network(monkeypatch)
    source = write_unet(tmp_path / "CosmicMan-SDXL")
    weights.weights(weights.Import(source))
    assert is_installed("cosmicman") and "Paid work: unclear" in capsys.readouterr().out
    weights_file = source / "diffusion_pytorch_model.safetensors"
    weights_file.write_bytes(weights_file.read_bytes()[:-100])
    assert "(weights.damaged_file)" in complaint(capsys, "import", source)
    (source / "config.json").write_text(json.dumps({"_class_name": "UNet2DConditionModel"}))
    assert "(sdxl.wrong_contents)" in complaint(capsys, "import", source)
    assert is_installed("cosmicman")


def forged(canary):
    """Pickles that look like models and would do harm to a trusting reader."""
    run_this = Reduced(os.system, (f"touch {canary}",))
    with published_names() as names:
        network = stored_tree(
            names, {"t_mapping.w": torch.ones(1), "bcg_synthesis.w": torch.ones(1)}, "", evil=run_this
        )
        flame = {"v_template": run_this, "shapedirs": run_this, "kintree_table": run_this}
        return {"panohead.pkl": pickle.dumps({"G_ema": network, "x": run_this}), "flame.pkl": pickle.dumps(flame)}


def test_forged_models_are_refused_without_effect(tmp_path, capsys):
    canary = tmp_path / "canary"
    for name, content in forged(canary).items():
        path = write(tmp_path / name, content)
        said = complaint(capsys, "import", path)
        assert f"({path.stem}.refused)" in said and "Nothing in it was run" in said
    folder = write_liveportrait(tmp_path / "lp")
    path = folder / "base_models" / "motion_extractor.pth"
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            evil = attacks(canary)["STACK_GLOBAL"] + content
            archive.writestr(name, evil if name.endswith("/data.pkl") else content)
    assert "(liveportrait.wrong_contents)" in complaint(capsys, "import", folder)
    assert not canary.exists()
    assert not any(is_installed(name) for name in MODELS)
    assert not [entry for entry in models_dir().iterdir() if not entry.name.endswith(".lock")]


def test_wrong_files_are_refused_with_a_sentence(tmp_path, capsys):
    page = write(tmp_path / "easy-khair.pkl", b"<html>Google Drive: quota exceeded</html>")
    said = complaint(capsys, "import", page)
    assert "(weights.not_recognised)" in said and "web page" in said
    with published_names() as names:
        network = stored_tree(names, MARKS, "")
        other = write(tmp_path / "other.pkl", pickle.dumps({"G_ema": network}))
    assert "(panohead.wrong_contents)" in complaint(capsys, "import", other)
    short = random_model() | {"weights": np.ones((3, 5))}
    assert "(flame.wrong_contents)" in complaint(capsys, "import", write(tmp_path / "f.pkl", pickled(short)))
    assert not any(is_installed(name) for name in MODELS)


@pytest.fixture
def toy(monkeypatch):
    """A model on a server; its reader takes anything."""
    monkeypatch.setattr(download, "RETRY_WAITS_S", ())
    with serving({"/a/toy.bin": b"contents"}) as server:
        licence = Licence("A licence", "short", "no", "Only tests.", "http://127.0.0.1/licence")
        files = (ModelFile("toy.bin", 8),)
        row = Model("toy", "Toy", "For tests.", files, "http://127.0.0.1", (licence,), (f"{server.address}/a",))
        monkeypatch.setitem(MODELS, "toy", row)
        monkeypatch.setitem(model_readers.READERS, "toy", model_readers.ModelReader(lambda path: None))
        yield server


def test_fetch_asks_first(toy, monkeypatch, capsys):
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    for answer in ("no", ""):
        monkeypatch.setattr("rich.console.Console.input", lambda self, prompt, said=answer: said)
        with pytest.raises(AssetError) as caught:
            weights.weights(weights.Fetch(("toy",)))
        assert caught.value.code == "weights.licence_not_accepted" and toy.asked == []
        assert "Only tests." in capsys.readouterr().out
    monkeypatch.setattr("rich.console.Console.input", lambda self, prompt: "yes")
    weights.weights(weights.Fetch(("toy",)))
    assert is_installed("toy") and len(toy.asked) == 1
    monkeypatch.setattr("rich.console.Console.input", lambda self, prompt: pytest.fail("asked twice"))
    weights.weights(weights.Fetch(("toy",)))
    assert len(toy.asked) == 1 and "installed already" in capsys.readouterr().out
    weights.weights(weights.Fetch(("toy",), again=True))
    assert len(toy.asked) == 2


def test_scripts_accept_by_name(toy, capsys):
    assert "--accept toy" in complaint(capsys, "fetch", "toy")
    assert toy.asked == []
    main(["weights", "fetch", "toy", "--accept", "toy"])
    assert is_installed("toy")
    main(["weights", "verify"])
    assert "Toy: unchanged" in capsys.readouterr().out
    (model_path("toy") / "toy.bin").write_bytes(b"CONTENTS")
    said = complaint(capsys, "verify")
    assert "(weights.damaged)" in said and "fetch toy --again" in said


def test_what_needs_a_person_says_what_to_do(capsys):
    said = complaint(capsys, "fetch", "panohead")
    assert "(weights.by_hand)" in said and MODELS["panohead"].page in said and "cameo weights import FILE" in said
    assert "(weights.unknown)" in complaint(capsys, "fetch", "nonsense")


def test_list_and_licences_name_every_model(capsys):
    main(["weights"])
    listed = capsys.readouterr().out
    assert all(name in listed for name in MODELS) and "face_landmarker.task" in listed
    main(["weights", "licences"])
    told = capsys.readouterr().out
    for row in MODELS.values():
        assert all(licence.name in told and licence.allows in told for licence in row.licences)
        assert all((file.sha256 or "not known") in told for file in row.files)


def test_the_handshake_names_models(toy):
    by_name = {about.name: about for about in describe_backend().weights}
    assert not by_name["toy"].present and by_name["toy"].licence == "A licence" and by_name["toy"].bytes == 8
    main(["weights", "fetch", "toy", "--accept", "toy"])
    assert {about.name: about for about in describe_backend().weights}["toy"].present


def test_the_listing_loads_no_torch():
    """The server's process asks the same functions."""
    script = (
        "import sys; from cameo.backend.service import about; about.describe_backend(); print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stdout == "False\n", done.stderr
