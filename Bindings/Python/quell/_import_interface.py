"""quell_import.h as ctypes sees it. Made by `make header`; not to be edited."""

from ctypes import CFUNCTYPE, POINTER, Structure, c_char_p, c_int32, c_uint32, c_uint64, c_void_p

from . import _interface

IMPORT_ABI_VERSION = 1
IMPORT_SOURCE = 0
IMPORT_F32 = 1
IMPORT_F16 = 2
IMPORT_BF16 = 3
IMPORT_INT8 = 4
IMPORT_INT4 = 5


class Options(Structure):
    _fields_ = [
        ("struct_size", c_uint32),
        ("weights", c_uint32),
        ("name", c_char_p),
        ("tokenizer", c_char_p),
    ]


Progress = CFUNCTYPE(c_int32, c_uint64, c_uint64, c_void_p)


class CostOptions(Structure):
    _fields_ = [
        ("struct_size", c_uint32),
        ("cores", c_uint32),
        ("ungrouped", c_uint32),
        ("pipelined", c_uint32),
        ("weights", c_char_p),
        ("include", c_char_p),
        ("exclude", c_char_p),
    ]


Receiver = CFUNCTYPE(None, c_void_p, c_uint64, c_void_p)

SIGNATURES = {
    "quell_import_onnx": (c_int32, [c_void_p, c_void_p, POINTER(Options), Progress, c_void_p, POINTER(_interface.Error)]),
    "quell_import_abi_version": (c_uint32, []),
    "quell_import_cost": (
        c_int32,
        [c_void_p, c_void_p, c_void_p, c_uint64, c_void_p, POINTER(CostOptions), Receiver, c_void_p, POINTER(_interface.Error)],
    ),
}
