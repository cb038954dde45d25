"""Pickles are read without running anything in them. Each attack would leave a file behind if one byte of it ran."""

import os
import pickle
import pickletools
import struct
import subprocess
import sys

import numpy as np
import pytest
import scipy.sparse
from cameo.backend.errors import AssetError
from cameo.backend.head.flame import reader
from cameo.backend.head.flame.reader import pickled_arrays
from flame_files import pickled, pickled_2020, random_model, write, write_landmarks


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("flavour", [pickled, pickled_2020])
def test_arrays_come_back_as_they_were_written(tmp_path, flavour, protocol):
    table = random_model()
    arrays = pickled_arrays(write(tmp_path / "model.pkl", flavour(table, protocol)))
    assert set(arrays) == set(table) - {"bs_style"}
    table["J_regressor"] = table["J_regressor"].toarray()
    for name, array in arrays.items():
        np.testing.assert_array_equal(array, table[name])
        assert array.dtype == table[name].dtype


def test_python_2_strings_big_endian_column_major_rows_and_scalars(tmp_path):
    table = {"big": np.arange(6, dtype=">f8").reshape(2, 3), "columns": np.asfortranarray(np.eye(3, 2)), "one": [1, 2]}
    arrays = pickled_arrays(write(tmp_path / "odd.pkl", pickled(table)))
    for name in table:
        np.testing.assert_array_equal(arrays[name], table[name])


def test_bytes_of_python_2(tmp_path):
    """Python 2 wrote an array's contents as a string, byte by byte."""
    values = np.array([1.5, -2.5])
    head = b"}U\x01acnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(K\x00tU\x01btR(K\x01(K\x02tcnumpy\ndtype\n"
    state = b"(U\x02f8K\x00K\x01tR(K\x03U\x01<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89U\x10"
    arrays = pickled_arrays(write(tmp_path / "old.pkl", b"\x80\x02" + head + state + values.tobytes() + b"tbs."))
    np.testing.assert_array_equal(arrays["a"], values)


def test_sparse_rows(tmp_path):
    rows = random_model()["J_regressor"].tocsr()
    arrays = pickled_arrays(write(tmp_path / "rows.pkl", pickled({"J": rows})))
    np.testing.assert_array_equal(arrays["J"], rows.toarray())


def test_landmarks_hold_numpy_and_torch(tmp_path):
    table = write_landmarks(tmp_path / "landmarks.npy", faces=100)
    arrays = pickled_arrays(tmp_path / "landmarks.npy")
    assert set(arrays) == set(table)
    for name in table:
        np.testing.assert_array_equal(arrays[name], np.asarray(table[name]))


def test_a_file_is_unpickled_once(tmp_path, monkeypatch):
    path = write(tmp_path / "model.pkl", pickled(random_model()))
    first = pickled_arrays(path)
    monkeypatch.setattr(reader, "_read_apart", None)  # would fail if it were called
    again = pickled_arrays(path)
    assert all(np.array_equal(first[name], again[name]) for name in first)
    assert [file.suffix for file in (tmp_path / "cache" / "flame").iterdir()] == [".safetensors"]


def test_a_damaged_cache_is_made_anew(tmp_path):
    path = write(tmp_path / "model.pkl", pickled(random_model()))
    first = pickled_arrays(path)
    (kept,) = (tmp_path / "cache" / "flame").iterdir()
    kept.write_bytes(kept.read_bytes()[:100])
    assert set(pickled_arrays(path)) == set(first)


class Reduced:
    """What ``pickle`` writes for an object whose ``__reduce__`` is given."""

    def __init__(self, *parts):
        self.parts = parts

    def __reduce__(self):
        return self.parts


def attacks(canary):
    """Pickles that would make the file ``canary`` when read by a trusting reader, by name."""
    shell = f"touch {canary}"
    opened = f"open({str(canary)!r}, 'w').close()"
    run = Reduced(os.system, (shell,))
    text = shell.encode()
    dumped = {
        "reduce": run,
        "builtins": Reduced(eval, (opened,)),
        "nested": {"v_template": np.eye(3), "extra": [{"deep": (run,)}]},
        "inside an object array": {"a": np.array([run, None], object)},
        "state": {"a": Reduced(dict, (), {"x": run})},
    }
    found = {
        f"{name}, protocol {protocol}": pickle.dumps(value, protocol)
        for name, value in dumped.items()
        for protocol in (0, 2, 4)
    }
    return found | {
        "STACK_GLOBAL": b"\x80\x04\x8c\x02os\x8c\x06system\x93\x8c" + bytes([len(text)]) + text + b"\x85R.",
        "INST": b"(S'" + text + b"'\nios\nsystem\n.",
        "OBJ": b"(cos\nsystem\nS'" + text + b"'\no.",
        "dotted name": b"\x80\x04\x8c\x05numpy\x8c\x12__builtins__.system\x93.",
        "copyreg": b"ccopy_reg\n__newobj__\n(cos\nsystem\ntR.",
        "reconstructor of a stranger": b"ccopy_reg\n_reconstructor\n(cnumpy\nndarray\nc__builtin__\nobject\nNtR.",
        "extension registry": b"\x80\x02\x82\x01.",
        "persistent id": b"Pcos\n.",
        "state of a class": b"\x80\x02cchumpy.ch\nCh\n(N}U\x0c__setstate__cchumpy.ch\nCh\nstb.",
        "calling a bare name": b"cnumpy\nndarray\n(tR.",
        "changing the allowed": b"\x80\x02cnumpy\ndtype\n}U\x04codeU\x02f8sb.",
        "object numbers": b"}U\x01acnumpy\ndtype\n(U\x03V99tRs.",
    }


def test_nothing_runs(tmp_path):
    """Every attack is refused with a sentence; the canary proves that none of them ran."""
    canary = tmp_path / "canary"
    for name, content in attacks(canary).items():
        with pytest.raises(AssetError) as refusal:
            pickled_arrays(write(tmp_path / "attack.pkl", content))
        assert refusal.value.code == "flame.refused", name
        assert refusal.value.cause and refusal.value.fix
        assert not canary.exists(), name
    assert not (tmp_path / "cache").exists()


def test_the_attacks_are_attacks(tmp_path):
    """A trusting reader does run them: the test above can fail."""
    canary = tmp_path / "canary"
    pickle.loads(attacks(canary)["STACK_GLOBAL"])  # noqa: S301 - the point of this test
    assert canary.exists()


def test_the_second_wall_stands_alone(tmp_path):
    """Were the allow-list leaky, the audit hook would still end the process before anything happened."""
    canary = tmp_path / "canary"
    script = f"""
import sys; sys.path.insert(0, {str(reader._READER.parent)!r})
import pickle, pickled_arrays
pickled_arrays.main({str(tmp_path / "attack.pkl")!r}, lambda content: pickle.loads(content))
"""

    for name in ("reduce, protocol 2", "builtins, protocol 4", "STACK_GLOBAL"):
        write(tmp_path / "attack.pkl", attacks(canary)[name])
        done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
        assert done.returncode == 3, (name, done.stderr)
        assert "attempt" in done.stderr
        assert not canary.exists(), name


def damaged(content):
    """Damaged copies of a sound pickle, by name."""
    big = np.zeros(3 << 20)
    count = struct.pack("<I", 2**31 - 16)
    return {
        "empty": b"",
        "cut": content[: len(content) // 2],
        "text": b"<html>Please log in</html>",
        "a list": pickle.dumps([1, 2, 3]),
        "deep": b"(" * 200_000 + b".",
        "claims two gigabytes": b"\x80\x02}U\x01aB" + count + b"abc",
        "grows without end": b"\x80\x02(K\x00r" + struct.pack("<I", 2**32 - 1) + b".",
        "a bare array": pickle.dumps(np.eye(3)),
        "one array by sixty names": pickle.dumps({f"a{k}": big for k in range(60)}),
        "sparse, but huge in full": pickle.dumps({"a": scipy.sparse.csc_matrix((10**6, 10**6))}),
    }


def test_damaged_files_get_a_sentence(tmp_path):
    for name, content in damaged(pickled(random_model())).items():
        with pytest.raises(AssetError) as refusal:
            pickled_arrays(write(tmp_path / "damaged.pkl", content))
        assert refusal.value.code == "flame.refused", name


@pytest.mark.parametrize("change", ["indices", "indptr", "_shape"])
def test_sparse_indices_are_checked(tmp_path, change):
    matrix = random_model()["J_regressor"]
    broken = {"indices": np.full_like(matrix.indices, 10**6), "indptr": matrix.indptr[::-1].copy(), "_shape": (9, 9)}
    matrix.__dict__[change] = broken[change]
    with pytest.raises(AssetError, match="sparse matrix is damaged"):
        pickled_arrays(write(tmp_path / "sparse.pkl", pickled({"J": matrix})))


def test_an_array_shorter_than_its_shape_is_refused(tmp_path):
    content = pickled({"a": np.arange(1000.0)}, 4)
    wrong = content.replace(b"M\xe8\x03\x85", b"M\xe9\x03\x85")
    assert wrong != content
    with pytest.raises(AssetError, match="more or fewer numbers"):
        pickled_arrays(write(tmp_path / "short.pkl", wrong))


def test_missing_and_oversized_files(tmp_path, monkeypatch):
    with pytest.raises(AssetError) as missing:
        pickled_arrays(tmp_path / "nowhere.pkl")
    assert missing.value.code == "flame.missing"
    monkeypatch.setattr(reader, "MOST_BYTES", 10)
    with pytest.raises(AssetError) as large:
        pickled_arrays(write(tmp_path / "model.pkl", pickled(random_model())))
    assert large.value.code == "flame.too_large"


def test_a_slow_file_is_given_up(tmp_path, monkeypatch):
    monkeypatch.setattr(reader, "SECONDS", 0.001)
    with pytest.raises(AssetError) as slow:
        pickled_arrays(write(tmp_path / "model.pkl", pickled(random_model())))
    assert "longer than" in slow.value.cause


def test_the_chumpy_flavour_really_is_one():
    names = {argument for _, argument, _ in pickletools.genops(pickled_2020(random_model()))}
    assert "chumpy.ch Ch" in names
