"""The ctypes declarations against the header: no compiler compares them."""

import ctypes
import os
import pathlib
import re
import subprocess
import sys

from quell import _interface, errors

HEADER = (pathlib.Path(__file__).parents[3] / "include" / "quell.h").read_text()
CODE = re.sub(r"/\*.*?\*/", "", HEADER, flags=re.S)

KINDS = {
    "quell_status": ctypes.c_int32,
    "uint32_t": ctypes.c_uint32,
    "uint64_t": ctypes.c_uint64,
    "int32_t": ctypes.c_int32,
    "float": ctypes.c_float,
    "double": ctypes.c_double,
    "bool": ctypes.c_bool,
    "void": None,
    "quell_tokenizer_opener": _interface.TokenizerOpener,
}
STRUCTURES = {
    "quell_error": _interface.Error,
    "quell_session_options": _interface.SessionOptions,
    "quell_sampler_options": _interface.SamplerOptions,
    "quell_sampler": _interface.Sampler,
    "quell_counts": _interface.Counts,
    "quell_cost": _interface.Cost,
}


def prototypes():
    return re.findall(r"^(?!typedef)([\w ]+?[ *]+)(quell_\w+)\(([^)]*)\);", CODE, flags=re.M)


def test_every_function_is_declared_and_no_other():
    assert sorted(name for _, name, _ in prototypes()) == sorted(_interface.SIGNATURES)


def test_results_and_parameters_are_those_of_the_header():
    for result, name, parameters in prototypes():
        declared_result, declared = _interface.SIGNATURES[name]
        if "*" not in result:
            assert declared_result is KINDS[result.strip()], name
        kinds = [] if parameters == "void" else [" ".join(part.split()[:-1]) + "*" * part.count("*") for part in parameters.split(",")]
        assert len(kinds) == len(declared), name
        for kind, given in zip(kinds, declared):
            if "*" in kind:
                assert given is ctypes.c_void_p or given is ctypes.c_char_p or issubclass(given, ctypes._Pointer), (name, kind)
                structure = STRUCTURES.get(kind.replace("*", "").replace("const", "").strip())
                if structure:
                    assert given is ctypes.POINTER(structure), (name, kind)
            else:
                assert given is KINDS[kind], (name, kind)


def test_structures_have_the_header_s_fields():
    for name, structure in STRUCTURES.items():
        body = re.search(rf"typedef struct {name} {{(.*?)}} {name};", CODE, flags=re.S)[1]
        fields = re.findall(r"(\w+) (\w+)(?:\[(\d+)\])?;", body)
        assert [field for _, field, _ in fields] == [field for field, _ in structure._fields_], name
        for (kind, field, length), (_, declared) in zip(fields, structure._fields_):
            element = ctypes.c_char if kind == "char" else KINDS[kind]
            assert declared is element or declared is element * int(length), (name, field)


def test_every_status_has_an_exception():
    statuses = {int(code) for name, code in re.findall(r"(QUELL_[A-Z_]+) = (\d+)", CODE)}
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
