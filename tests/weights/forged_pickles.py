"""Pickles that would do harm in the hands of a trusting reader. Each leaves a file behind if one byte of it runs."""

import os
import pickle
import struct

import numpy as np


class Reduced:
    """What ``pickle`` writes for an object whose ``__reduce__`` is given."""

    def __init__(self, *parts):
        self.parts = parts

    def __reduce__(self):
        return self.parts


def attacks(canary):
    """Pickles that would make the file ``canary``, by name."""
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
        "state of a class": b"\x80\x02cnumpy\ndtype\n(N}U\x0c__setstate__cnumpy\ndtype\nstb.",
        "calling a bare name": b"cnumpy\nndarray\n(tR.",
        "changing the allowed": b"\x80\x02cnumpy\ndtype\n}U\x04codeU\x02f8sb.",
        "object numbers": b"}U\x01acnumpy\ndtype\n(U\x03V99tRs.",
    }


def greedy():
    """Pickles that ask for more memory or depth than there is, by name."""
    return {
        "empty": b"",
        "text": b"<html>Please log in</html>",
        "a list": pickle.dumps([1, 2, 3]),
        "deep": b"(" * 200_000 + b".",
        "claims two gigabytes": b"\x80\x02}U\x01aB" + struct.pack("<I", 2**31 - 16) + b"abc",
        "claims exabytes": b"\x80\x04\x8e" + struct.pack("<Q", 2**60) + b"abc",
        "grows without end": b"\x80\x02(K\x00r" + struct.pack("<I", 2**32 - 1) + b".",
    }
