"""The ctypes declarations, which are made of the header, against a compiler that reads the header itself."""

import ctypes
import os
import pathlib
import re
import subprocess
import sys

import pytest
from quell import _import_interface, _interface, errors

ROOT = pathlib.Path(__file__).parents[3]
HEADER = (ROOT / "include" / "quell.h").read_text()
CODE = re.sub(r"/\*.*?\*/", "", HEADER, flags=re.S)


def structures(interface):
    return {
        name: value
        for name, value in vars(interface).items()
        if isinstance(value, type) and issubclass(value, ctypes.Structure) and value.__module__ == interface.__name__
    }


@pytest.mark.parametrize("interface, prefix", [(_interface, "quell_"), (_import_interface, "quell_import_")])
def test_structures_are_laid_out_as_the_compiler_lays_them_out(interface, prefix, tmp_path):
    lines, expected = [], []
    assert structures(interface)
    for name, structure in structures(interface).items():
        c_name = prefix + re.sub(r"(?<!^)([A-Z])", r"_\1", name).lower()
        lines.append(f'printf("%zu\\n", sizeof({c_name}));')
        expected.append(ctypes.sizeof(structure))
        for field, _ in structure._fields_:
            lines.append(f'printf("%zu\\n", offsetof({c_name}, {field}));')
            expected.append(getattr(structure, field).offset)
            lines.append(f'printf("%zu\\n", sizeof((({c_name} *)0)->{field}));')
            expected.append(getattr(structure, field).size)
    source = tmp_path / "sizes.c"
    header = "quell_import.h" if interface is _import_interface else "quell.h"
    source.write_text(f"#include <{header}>\n#include <stdio.h>\nint main(void) {{ {' '.join(lines)} return 0; }}\n")
    subprocess.run(["gcc", f"-I{ROOT / 'include'}", str(source), "-o", str(tmp_path / "sizes")], check=True)
    output = subprocess.run([str(tmp_path / "sizes")], check=True, capture_output=True, text=True).stdout
    assert [int(line) for line in output.split()] == expected


def test_every_function_is_declared_and_no_other():
    for interface, name in ((_interface, "quell"), (_import_interface, "quell_import")):
        listed = (ROOT / "include" / f"{name}.symbols").read_text().split()
        assert sorted(interface.SIGNATURES) == listed


def test_signatures_by_hand():
    """What the rules are that signatures are made by, one function for each."""
    error = ctypes.POINTER(_interface.Error)
    handle, number, size = ctypes.c_void_p, ctypes.c_int32, ctypes.c_uint64
    signatures = _interface.SIGNATURES
    assert signatures["quell_session_step"] == (number, [handle, ctypes.c_uint32, error])
    assert signatures["quell_model_open_memory"] == (number, [ctypes.c_void_p, size, ctypes.POINTER(handle), error])
    assert signatures["quell_session_logits"] == (ctypes.POINTER(ctypes.c_float), [handle])
    assert signatures["quell_session_close"] == (None, [handle])
    assert signatures["quell_version"] == (ctypes.c_char_p, [])
    assert signatures["quell_model_site_is_head"] == (ctypes.c_bool, [handle, ctypes.c_uint32])
    assert signatures["quell_session_calibrate"] == (number, [handle, ctypes.c_double, ctypes.c_void_p, error])
    reader = signatures["quell_model_open_reader"][1][0]
    assert reader._restype_ is number and reader._argtypes_ == (size, ctypes.c_void_p, size, ctypes.c_void_p)


def test_every_status_has_an_exception():
    statuses = {int(code) for name, code in re.findall(r"(QUELL_(?!WORK_|INSTRUCTIONS_)[A-Z_]+) = (\d+)", CODE)}
    # Nothing in Python can cancel a call, and success is no failure.
    assert statuses - {0, 18} == set(errors.BY_STATUS)


def test_constants():
    assert f"#define QUELL_ABI_VERSION {_interface.ABI_VERSION}" in CODE


def import_with(library):
    """What importing the package with another library says."""
    code = "import quell"
    environment = {**os.environ, "QUELL_LIBRARY": str(library)}
    return subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True).stderr


def test_a_library_that_is_missing_or_another_is_refused(tmp_path):
    assert "libquell.so not found; looked for" in import_with(tmp_path / "libquell.so")
    source = tmp_path / "old.c"
    source.write_text("unsigned quell_abi_version(void) { return 99; }")
    old = tmp_path / "old.so"
    subprocess.run(["gcc", "-shared", "-fPIC", str(source), "-o", str(old)], check=True)
    assert f"has interface version 99; this package needs version {_interface.ABI_VERSION}" in import_with(old)
    empty = tmp_path / "empty.so"
    source.write_text("int nothing;")
    subprocess.run(["gcc", "-shared", "-fPIC", str(source), "-o", str(empty)], check=True)
    assert "is not Quell's library" in import_with(empty)
