"""Both readers of pickles run nothing in them. The canary of each attack proves it."""

import io
import json
import pickle
import subprocess
import sys
import zipfile
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np
import pytest
import torch
from cameo.backend.weights import pickles
from cameo.backend.weights.pickles import PickleKind, UnreadPickle, kept_tensors
from forged_pickles import Reduced, attacks, greedy
from safetensors import safe_open
from stored_networks import Stored, module_state, published_names

KINDS = {
    "table": PickleKind("table", "tables", 64 << 20),
    "generator": PickleKind("generator", "generators", 64 << 20),
}


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("CAMEO_CACHE", str(tmp_path / "cache"))


def why_refused(folder, kind, item):
    """The reason for which the pickle ``item`` (name, content) is not read; fails if it is."""
    name, content = item
    path = folder / f"{name}.pkl"
    path.write_bytes(content)
    with pytest.raises(UnreadPickle) as refusal:
        kept_tensors(path, kind)
    assert refusal.value.why == "refused", (name, refusal.value.cause)
    return refusal.value.cause


def all_refused(folder, kind, contents):
    """Reasons by name; two at a time, each in a process of its own."""
    with ThreadPoolExecutor(2) as pool:
        reasons = list(pool.map(partial(why_refused, folder, kind), contents.items()))
    assert not (folder / "cache").exists()
    return dict(zip(contents, reasons, strict=True))


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_nothing_runs(tmp_path, kind):
    canary = tmp_path / "canary"
    reasons = all_refused(tmp_path, kind, attacks(canary))
    assert not canary.exists()
    assert (
        "asks for posix.system" in reasons["reduce, protocol 2"]
        or "asks for nt.system" in reasons["reduce, protocol 2"]
    )


def test_the_attacks_are_attacks(tmp_path):
    """A trusting reader does run them: the test above can fail."""
    canary = tmp_path / "canary"
    pickle.loads(attacks(canary)["STACK_GLOBAL"])  # noqa: S301 - the point of this test
    assert canary.exists()


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_greed_is_refused(tmp_path, kind):
    all_refused(tmp_path, kind, greedy())


def test_the_second_wall_stands_alone(tmp_path):
    """Were the allow-list leaky, the audit hook would still end the process before anything happened."""
    canary, attack = tmp_path / "canary", tmp_path / "attack.pkl"
    script = f"""
import sys; sys.path.insert(0, {str(pickles.READER)!r})
import pickle, wall
wall.main({str(attack)!r}, lambda stream: (pickle.load(stream), {{}}))
"""
    for name in ("reduce, protocol 2", "builtins, protocol 4", "STACK_GLOBAL"):
        attack.write_bytes(attacks(canary)[name])
        done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
        assert done.returncode == 3, (name, done.stderr)
        assert "attempt" in done.stderr
        assert not canary.exists(), name


def network(names, state, source="", **meta):
    return pickle.dumps({"G_ema": Stored(names, state, source, **meta)})


def holding_itself(names):
    """A network that is its own module, and settings that hold themselves."""
    state = module_state()
    whole = Stored(names, state, "")
    state["_modules"]["inner"] = whole
    settings = module_state(option={})
    settings["option"]["again"] = settings["option"]
    return {
        "a network inside itself": pickle.dumps({"first": state, "G_ema": whole}),
        "settings inside themselves": network(names, settings),
    }


def doubling(names):
    """Eleven modules, each twice in the next: thousands of paths out of a file of two kilobytes."""
    inner = Stored(names, module_state({"weight": torch.zeros(1)}), "")
    for _ in range(11):
        inner = Stored(names, module_state(modules={"a": inner, "b": inner, "c": inner}), "")
    return pickle.dumps({"G_ema": inner})


def larger_than_its_storage():
    """A tensor that reaches beyond its numbers."""
    content = pickle.dumps({"G_ema": torch.zeros(300)}, 2)
    wrong = content.replace(b"K\x00M\x2c\x01\x85", b"K\x00M\x2d\x01\x85")
    assert wrong != content
    return wrong


def forged_networks(canary):
    run = Reduced(exec, (f"open({str(canary)!r}, 'w')",))
    big = torch.nn.Parameter(torch.zeros(3 << 20), requires_grad=False)
    with published_names() as names:
        return {
            "an object in the settings": network(names, module_state(option={"deep": [run]})),
            "an object among the modules": network(names, module_state(modules={"a": run})),
            "an object for a tensor": network(names, module_state({"weight": run})),
            "a table for a tensor": network(names, module_state({"weight": {}})),
            "no table of modules": network(names, module_state() | {"_modules": [1]}),
            "another kind of object": network(names, module_state(), type="function"),
            "no attributes": network(names, None),
            "a path for a name": network(names, module_state({"../../x": torch.zeros(2)})),
            "a number for a name": network(names, module_state({3: torch.zeros(2)})),
            "one tensor by a hundred names": network(names, module_state({f"w{k}": big for k in range(100)})),
            "a tensor with other steps": network(names, module_state({"w": torch.zeros(3, 4).T})),
            "a tensor repeated by a step of zero": network(names, module_state({"w": torch.zeros(1).expand(9)})),
            "a tensor larger than its storage": larger_than_its_storage(),
            "thousands of paths": doubling(names),
            "a table that holds itself": b"}q\x00U\x05G_emah\x00s.",
            "a network by another name": pickle.dumps({"G": Stored(names, module_state(), "")}),
            **holding_itself(names),
        }


def test_forged_networks_are_refused(tmp_path):
    canary = tmp_path / "canary"
    reasons = all_refused(tmp_path, KINDS["generator"], forged_networks(canary))
    assert not canary.exists()
    assert "without end" in reasons["a network inside itself"]
    assert "without end" in reasons["settings inside themselves"]
    assert "without end" in reasons["thousands of paths"]
    assert "larger than its storage" in reasons["a tensor larger than its storage"]
    assert "row by row" in reasons["a tensor repeated by a step of zero"]
    assert "too large" in reasons["one tensor by a hundred names"]


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))  # as old as torch's own
def test_a_network_comes_back_and_its_source_does_not_run(tmp_path, protocol):
    canary = tmp_path / "canary"
    source = f"open({str(canary)!r}, 'w').close()\nraise SystemExit"
    weight, average = torch.randn(3, 2, 1, 1), torch.randn(4).double()
    with published_names() as names:
        layer = module_state({"weight": torch.nn.Parameter(weight), "bias": None}, gain=np.float64(2))
        sequence = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.Softplus())
        state = module_state(
            buffers={"w_avg": average, "count": torch.tensor(5)},
            modules={
                "inner": Stored(names, layer, source),
                "net": sequence,
                "sampler": names.RaySampler(),
                "gone": None,
            },
            option=names.EasyDict(a=1, b=[2.5, None, True], c="x", d={"e": np.float32(0.5)}),
            axes=torch.eye(3),
            odd=object,
        )
        content = pickle.dumps({"G_ema": Stored(names, state, source), "D": Stored(names, {}, source)}, protocol)
    path = tmp_path / "network.pkl"
    path.write_bytes(content)
    with safe_open(kept_tensors(path, KINDS["generator"]), framework="pt") as file:
        found = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - no dict
        settings = json.loads(file.metadata()["settings"])
    expected = {"inner.weight": weight, "w_avg": average, "count": torch.tensor(5), "attribute:axes": torch.eye(3)}
    expected |= {f"net.{name}": value for name, value in sequence.state_dict().items()}
    assert set(found) == set(expected)
    for name, value in expected.items():
        assert torch.equal(found[name], value) and found[name].dtype == value.dtype
    assert settings["option"] == {"a": 1, "b": [2.5, None, True], "c": "x", "d": {"e": 0.5}}
    assert "odd" not in settings and "axes" not in settings
    assert not canary.exists()


STATES = PickleKind("states", "states", 64 << 20)


def zipped(table):
    """A file as ``torch.save`` lays it out, with this pickle in it."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("archive/data.pkl", table)
    return content.getvalue()


def saved(table):
    content = io.BytesIO()
    torch.save(table, content)
    return content.getvalue()


def rezipped(content, change):
    """The same members but for what ``change`` makes of them: (name, contents) to contents or None."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            changed = change(name, old.read(name))
            if changed is not None:
                new.writestr(name, changed)
    return out.getvalue()


def test_nothing_in_saved_states_runs(tmp_path):
    canary = tmp_path / "canary"
    attempts = {name: content for name, content in attacks(canary).items() if not name.endswith(("0", "4"))}
    forged = {name: zipped(content) for name, content in attempts.items()}
    all_refused(tmp_path, STATES, forged | {"bare": attacks(canary)["STACK_GLOBAL"]})
    assert not canary.exists()


def test_damaged_states_are_refused(tmp_path):
    good, packed = saved({"w": torch.ones(1000)}), io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data.pkl", pickle.dumps({"w": bytes(1 << 20)}))
    nested = {"w": torch.ones(1)}
    for _ in range(6):
        nested = {"deeper": nested}
    reasons = all_refused(
        tmp_path,
        STATES,
        {
            "cut short": good[: len(good) // 2],
            "a storage is missing": rezipped(good, lambda name, content: None if "/data/" in name else content),
            "a storage is short": rezipped(good, lambda name, content: content[:40] if "/data/" in name else content),
            "packed": packed.getvalue(),
            "no tensors": saved({"step": 3}),
            "a number": saved(7),
            "too deep": saved(nested),
            "a path for a name": saved({"../x": torch.ones(1)}),
            "a zip of pictures": rezipped(good, lambda name, content: None if name.endswith(".pkl") else content),
            "an old file": pickle.dumps({"w": 1}),
        },
    )
    assert "lacks its part" in reasons["a storage is missing"]
    assert "larger than its storage" in reasons["a storage is short"]
    assert "too large" in reasons["packed"]


def test_states_come_back_by_name(tmp_path):
    network = torch.nn.Sequential(torch.nn.Conv3d(2, 3, 3), torch.nn.BatchNorm3d(3))
    shared = torch.arange(6.0)
    table = {
        "net": network.state_dict(),
        "halves": {"first": shared[:3], "second": shared[3:], "half": shared.half(), "whole": torch.tensor(5)},
        "optimizer": {"state": {0: {"step": torch.ones(1)}}, "param_groups": [{"lr": 0.1}]},
        "epoch": 7,
    }
    path = tmp_path / "net.pth"
    path.write_bytes(saved(table))
    with safe_open(kept_tensors(path, STATES), framework="pt") as file:
        found = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - no dict
    expected = {f"net.{name}": value for name, value in network.state_dict().items()}
    expected |= {f"halves.{name}": value for name, value in table["halves"].items()}
    assert set(found) == set(expected)
    for name, value in expected.items():
        assert torch.equal(found[name], value) and found[name].dtype == value.dtype, name


def test_a_converted_file_is_used_as_it_is(tmp_path):
    path = tmp_path / "net.pth"
    path.write_bytes(saved({"w": torch.ones(3)}))
    made = tmp_path / "deep" / "net.safetensors"
    pickles.convert(path, STATES, made)
    assert kept_tensors(made, STATES) == made
    assert not (tmp_path / "cache").exists()
    made.write_bytes(made.read_bytes()[:-1])
    with pytest.raises(UnreadPickle, match="damaged") as caught:
        kept_tensors(made, STATES)
    assert caught.value.why == "refused"
    for wanted, reason in ((tmp_path / "none.safetensors", "missing"), (tmp_path / "none.pth", "missing")):
        with pytest.raises(UnreadPickle) as caught:
            kept_tensors(wanted, STATES)
        assert caught.value.why == reason
    with pytest.raises(UnreadPickle) as caught:
        pickles.convert(path, PickleKind("states", "states", 10), made)
    assert caught.value.why == "too_large"
