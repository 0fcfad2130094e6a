"""Puts the library into the package: a wheel for any Python on one kind of machine.

QUELL_LIBRARY is the whole path of the library where it is not what `make library` built: one for another kind of machine, for instance.
"""

import os
import pathlib
import re
import shutil
import sysconfig

from setuptools import Distribution, setup
from setuptools.command.bdist_wheel import bdist_wheel
from setuptools.command.build_py import build_py

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
LIBRARY = pathlib.Path(os.environ.get("QUELL_LIBRARY") or ROOT / "build" / "lib" / "libquell.so")
# The numbers that ELF gives to kinds of machines.
MACHINES = {62: "x86_64", 183: "aarch64"}


def version() -> str:
    """The library's, from its header."""
    header = (ROOT / "include" / "quell.h").read_text(encoding="utf-8")
    found = re.search(r'^#define QUELL_VERSION "(.+)"$', header, flags=re.M)
    if found is None:
        raise SystemExit("include/quell.h tells no version")
    return found[1]


def platform() -> str:
    """The oldest Linux that has the C library that the library asks for, as manylinux names it."""
    library = LIBRARY.read_bytes()
    machine = MACHINES.get(int.from_bytes(library[18:20], "little"))
    versions = re.findall(rb"GLIBC_(\d+)\.(\d+)", library)
    if not versions or machine is None:
        return sysconfig.get_platform().replace("-", "_").replace(".", "_")
    major, minor = max((int(major), int(minor)) for major, minor in versions)
    return f"manylinux_{major}_{minor}_{machine}"


class BuildWithLibrary(build_py):
    def run(self) -> None:
        super().run()
        if not LIBRARY.is_file():
            raise SystemExit(f"{LIBRARY} is not there: run `make library` first")
        shutil.copy(LIBRARY, pathlib.Path(self.build_lib) / "quell" / "libquell.so")


class WheelForAnyPython(bdist_wheel):
    def get_tag(self) -> tuple[str, str, str]:
        return "py3", "none", platform()


class DistributionWithLibrary(Distribution):
    def has_ext_modules(self) -> bool:
        return True


# What is made on the way goes where the rest of what is built goes.
WORK = ROOT / "build" / "wheel"
WORK.mkdir(parents=True, exist_ok=True)
setup(
    version=version(),
    options={"build": {"build_base": str(WORK)}, "egg_info": {"egg_base": str(WORK)}},
    distclass=DistributionWithLibrary,
    cmdclass={"build_py": BuildWithLibrary, "bdist_wheel": WheelForAnyPython},
)
