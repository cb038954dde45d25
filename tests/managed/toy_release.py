"""What an installation needs, in miniature: wheels with one module each, and a lock that names them."""

import base64
import hashlib
import zipfile
from pathlib import Path

from cameo.blender_addon.managed.install import Choices
from cameo.blender_addon.managed.lock import Lock

DOCTOR = "import sys\nprint('ok   toy', sys.argv[1:])\nsys.exit({code})\n"


def write_wheel(folder: Path, name: str, version: str, files: dict[str, str]) -> Path:
    """A wheel as the packaging standard wants it (PyPA, binary distribution format)."""
    info = f"{name}-{version}.dist-info"
    contents = {
        **files,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: toy\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = ""
    for path, text in contents.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
        record += f"{path},sha256={digest},{len(text.encode())}\n"
    contents[f"{info}/RECORD"] = f"{record}{info}/RECORD,,\n"
    folder.mkdir(parents=True, exist_ok=True)
    wheel = folder / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for path, text in contents.items():
            archive.writestr(path, text)
    return wheel


class ToyRelease:
    """A folder with a wheelhouse, requirements and the toy backend's wheel."""

    def __init__(self, folder: Path) -> None:
        self.wheelhouse = folder / "wheels"
        self.requirements = folder / "requirements"
        write_wheel(self.wheelhouse, "tinylib", "1.0", {"tinylib.py": "VALUE = 1\n"})
        self.requirements.mkdir(parents=True)
        (self.requirements / "backend.txt").write_text("tinylib==1.0\n")
        (self.requirements / "constraints.txt").write_text("# nothing else\n")
        self.choices = Choices(wheelhouse=self.wheelhouse, online=False)
        self.set_backend("0.1.0")

    def set_backend(self, version: str, *, doctor_code: int = 0, extra: str = "") -> None:
        """The backend that the release brings: its doctor ends with ``doctor_code``."""
        files = {"cameo/__init__.py": "", "cameo/backend/__init__.py": f"VERSION = {version!r}\n{extra}"}
        files["cameo/backend/__main__.py"] = DOCTOR.format(code=doctor_code)
        self.version = version
        self.backend = write_wheel(self.requirements.parent / "backend", "cameo", version, files)

    def lock(self, variant: str = "cpu") -> Lock:
        return Lock(
            self.version,
            variant,
            (self.requirements / "backend.txt",),
            self.requirements / "constraints.txt",
            "",
            (str(self.backend),),
            "import tinylib, cameo.backend",
            1 << 20,
        )
