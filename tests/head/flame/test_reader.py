"""FLAME's pickles are read as they were written; what is damaged is refused. Attacks: ``tests/weights``."""

import pickle
import pickletools
from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse
from cameo.backend.errors import AssetError
from cameo.backend.head.flame import reader
from cameo.backend.head.flame.reader import pickled_arrays
from cameo.backend.weights import pickles
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
    monkeypatch.setattr(pickles, "_read_apart", None)  # would fail if it were called
    again = pickled_arrays(path)
    assert all(np.array_equal(first[name], again[name]) for name in first)
    assert [file.suffix for file in (tmp_path / "cache" / "flame").iterdir()] == [".safetensors"]


def test_a_damaged_cache_is_made_anew(tmp_path):
    path = write(tmp_path / "model.pkl", pickled(random_model()))
    first = pickled_arrays(path)
    (kept,) = (tmp_path / "cache" / "flame").iterdir()
    kept.write_bytes(kept.read_bytes()[:100])
    assert set(pickled_arrays(path)) == set(first)


def test_an_attack_is_refused_in_flames_words(tmp_path):
    """``tests/weights/test_unpickling.py`` has the attacks."""
    canary = tmp_path / "canary"
    content = b"cos\nsystem\n(S'touch " + str(canary).encode() + b"'\ntR."
    with pytest.raises(AssetError) as refusal:
        pickled_arrays(write(tmp_path / "attack.pkl", content))
    assert refusal.value.code == "flame.refused"
    assert refusal.value.cause == "It asks for os.system." and refusal.value.fix
    assert not canary.exists() and not (tmp_path / "cache").exists()


def damaged(content):
    """Damaged copies of a sound pickle, by name."""
    big = np.zeros(3 << 20)
    return {
        "cut": content[: len(content) // 2],
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
    monkeypatch.setattr(reader, "KIND", replace(reader.KIND, most_bytes=10))
    with pytest.raises(AssetError) as large:
        pickled_arrays(write(tmp_path / "model.pkl", pickled(random_model())))
    assert large.value.code == "flame.too_large"


def test_a_slow_file_is_given_up(tmp_path, monkeypatch):
    monkeypatch.setattr(reader, "KIND", replace(reader.KIND, seconds=0.001))
    with pytest.raises(AssetError) as slow:
        pickled_arrays(write(tmp_path / "model.pkl", pickled(random_model())))
    assert "longer than" in slow.value.cause


def test_the_chumpy_flavour_really_is_one():
    names = {argument for _, argument, _ in pickletools.genops(pickled_2020(random_model()))}
    assert "chumpy.ch Ch" in names
