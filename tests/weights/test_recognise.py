"""What a file is, told by its contents whatever its name."""

import hashlib
import json
import pickle
import zipfile
from dataclasses import replace

import numpy as np
import pytest
import torch
from cameo.backend.errors import AssetError
from cameo.backend.weights.model_table import MODELS
from cameo.backend.weights.recognise import recognise
from forged_pickles import attacks
from safetensors.torch import save_file

LIVEPORTRAIT = {
    "base_models/appearance_feature_extractor.pth": {"resblocks_3d.3dr0.conv1.weight": torch.ones(1)},
    "base_models/motion_extractor.pth": {"detector.fc_kp.weight": torch.ones(1)},
    "base_models/spade_generator.pth": {"G_middle_0.conv_0.weight_orig": torch.ones(1)},
    "base_models/warping_module.pth": {"dense_motion_network.compress.weight": torch.ones(1)},
    "retargeting_models/stitching_retargeting_module.pth": {
        "retarget_shoulder": {"module.mlp.0.weight": torch.ones(1)}
    },
}
PANOHEAD = pickle.dumps({"G_ema": ["_reconstruct_persistent_obj", "t_mapping", "bcg_synthesis"]})
FLAME = pickle.dumps({"v_template": np.zeros(3), "shapedirs": np.zeros(3), "kintree_table": np.zeros(3)})


def write(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(content, dict):
        torch.save(content, path)
    else:
        path.write_bytes(content)
    return path


def found_in(place):
    return {found.model.name: found.files for found in recognise(place)}


def error_of(place):
    with pytest.raises(AssetError) as caught:
        recognise(place)
    assert caught.value.fix
    return caught.value


def write_sdxl(folder, suffix=".fp16.safetensors"):
    for file in MODELS["sdxl"].files:
        name = file.path.replace(".fp16.safetensors", suffix)
        write(folder / name, b"{}")
    write(folder / "model_index.json", json.dumps({"_class_name": "StableDiffusionXLPipeline"}).encode())
    write(folder / "unet/config.json", json.dumps({"_class_name": "UNet2DConditionModel"}).encode())
    return folder


def test_pickles_by_any_name(tmp_path):
    panohead, flame = write(tmp_path / "download (1).pkl", PANOHEAD), write(tmp_path / "x.pkl", FLAME)
    assert list(found_in(panohead)) == ["panohead"] and list(found_in(flame)) == ["flame"]
    assert set(found_in(tmp_path)) == {"panohead", "flame"}


def test_liveportrait_with_its_files_lying_about_under_other_names(tmp_path):
    names = {}
    for number, (path, state) in enumerate(LIVEPORTRAIT.items()):
        names[path] = write(tmp_path / "Downloads" / f"file{number}.pth", state)
    assert found_in(tmp_path) == {"liveportrait": names}


def test_among_two_sets_of_networks_the_published_one_is_taken(tmp_path, monkeypatch):
    """The animals' networks have the same tensors and lie beside the people's; only hashes tell them apart."""
    row, hashes = MODELS["liveportrait"], {}
    for path, state in LIVEPORTRAIT.items():
        file = write(tmp_path / "liveportrait" / path, state)
        hashes[path] = (file.stat().st_size, hashlib.sha256(file.read_bytes()).hexdigest())
        other = {name: value + 1 if isinstance(value, torch.Tensor) else value for name, value in state.items()}
        write(tmp_path / "animals" / path, other)
    files = tuple(replace(file, size=hashes[file.path][0], sha256=hashes[file.path][1]) for file in row.files)
    monkeypatch.setitem(MODELS, "liveportrait", replace(row, files=files))
    taken = found_in(tmp_path)["liveportrait"]
    assert all("animals" not in taken[path].parts for path in list(LIVEPORTRAIT)[:4])


def test_a_part_of_liveportrait_is_not_enough(tmp_path):
    for path, state in list(LIVEPORTRAIT.items())[:3]:
        write(tmp_path / path, state)
    error = error_of(tmp_path)
    assert error.code == "weights.incomplete"
    assert "warping_module.pth" in error.cause and "motion_extractor" not in error.cause


@pytest.mark.parametrize("suffix", [".fp16.safetensors", ".safetensors"])
def test_sdxl_in_either_precision(tmp_path, suffix):
    folder = write_sdxl(tmp_path / "snapshots" / "abc", suffix)
    found = found_in(tmp_path)
    assert list(found) == ["sdxl"]  # and its UNet is not taken for CosmicMan
    assert found["sdxl"]["vae/diffusion_pytorch_model.fp16.safetensors"].parent == folder / "vae"
    (folder / "tokenizer" / "merges.txt").unlink()
    assert "tokenizer/merges.txt" in error_of(tmp_path).cause


def test_a_bare_unet_is_cosmicman(tmp_path):
    write(tmp_path / "c" / "config.json", json.dumps({"_class_name": "UNet2DConditionModel"}).encode())
    assert error_of(tmp_path).code == "weights.incomplete"
    save_file({"conv_in.weight": torch.ones(1)}, tmp_path / "c" / "diffusion_pytorch_model.safetensors")
    assert set(found_in(tmp_path)) == {"cosmicman"}


def test_the_open_edition_of_flame_comes_first_with_what_lies_beside_it(tmp_path):
    write(tmp_path / "a" / "generic_model.pkl", FLAME)
    chosen = write(tmp_path / "b" / "c" / "flame2023_Open.pkl", FLAME)
    masks = write(tmp_path / "b" / "c" / "FLAME_masks.pkl", pickle.dumps({"nose": np.zeros(3)}))
    assert found_in(tmp_path)["flame"] == {"flame.pkl": chosen, "FLAME_masks.pkl": masks}


def test_a_folder_of_another_machine_is_recognised(tmp_path):
    """A copied models folder holds the converted files."""
    for path, state in LIVEPORTRAIT.items():
        target = (tmp_path / path).with_suffix(".safetensors")
        target.parent.mkdir(parents=True, exist_ok=True)
        inner = state.get("retarget_shoulder")
        save_file({f"retarget_shoulder.{k}": v for k, v in inner.items()} if inner else state, target)
    flame = {name: torch.ones(1) for name in ("v_template", "shapedirs", "kintree_table")}
    save_file(flame, tmp_path / "flame.safetensors")
    save_file({"t_mapping.w": torch.ones(1), "bcg_synthesis.w": torch.ones(1)}, tmp_path / "p.safetensors")
    assert set(found_in(tmp_path)) == {"liveportrait", "flame", "panohead"}


@pytest.mark.parametrize(
    ("name", "content", "cause"),
    [
        ("page.pkl", b"\n<!DOCTYPE html><html>Please log in</html>", "web page"),
        ("empty.pkl", b"", "empty"),
        ("pointer.pth", b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 5\n", "Git LFS"),
        ("FLAME2023.zip", b"PK\x03\x04rest", "unpack"),
        ("holiday.jpg", b"\xff\xd8\xff\xe0", "no model"),
        ("other.pkl", pickle.dumps({"weights": [1, 2]}), "no model"),
        ("cut.safetensors", b"\xff\xff\xff\xff\xff\xff\xff\xffabc", "no model"),
        ("short.safetensors", b"\x01", "no model"),
    ],
)
def test_what_is_no_model_is_told_in_words(tmp_path, name, content, cause):
    error = error_of(write(tmp_path / name, content))
    assert error.code == "weights.not_recognised" and cause in error.cause and name in error.sentence


def test_nothing_there_and_nothing_in_it(tmp_path):
    assert error_of(tmp_path / "nowhere").code == "weights.no_such_file"
    assert "None of its files" in error_of(tmp_path).cause


def test_looking_runs_nothing(tmp_path):
    canary = tmp_path / "canary"
    for name, content in attacks(canary).items():
        write(tmp_path / f"{name}.pkl", content)
        write(tmp_path / f"{name}.pth", content)
    with zipfile.ZipFile(tmp_path / "zipped.pth", "w") as archive:
        archive.writestr("archive/data.pkl", attacks(canary)["STACK_GLOBAL"])
    assert error_of(tmp_path).code == "weights.not_recognised"
    assert not canary.exists()
