"""The C interface as ctypes sees it: the structures of quell.h and the signature of each of its functions."""

import ctypes
from ctypes import POINTER, c_bool, c_char, c_char_p, c_double, c_float, c_int32, c_uint32, c_uint64, c_void_p

ABI_VERSION = 1
NO_TOKEN = 0xFFFFFFFF


class Error(ctypes.Structure):
    _fields_ = [("struct_size", c_uint32), ("code", c_int32), ("byte_offset", c_uint64), ("message", c_char * 256)]


class SessionOptions(ctypes.Structure):
    _fields_ = [("struct_size", c_uint32), ("context_length", c_uint32), ("instruction_set", c_uint32), ("threads", c_uint32),
        ("batch", c_uint32)]


class SamplerOptions(ctypes.Structure):
    _fields_ = [
        ("struct_size", c_uint32),
        ("temperature", c_float),
        ("top_k", c_uint32),
        ("top_p", c_float),
        ("seed", c_uint64),
    ]


class Sampler(ctypes.Structure):
    _fields_ = [("private_", c_uint64 * 8)]


class Counts(ctypes.Structure):
    _fields_ = [
        ("struct_size", c_uint32),
        ("reserved", c_uint32),
        ("tokens", c_uint64),
        ("events", c_uint64),
        ("effective_macs", c_uint64),
        ("dense_macs", c_uint64),
        ("head_effective_macs", c_uint64),
        ("head_dense_macs", c_uint64),
    ]


class Cost(ctypes.Structure):
    _fields_ = [
        ("struct_size", c_uint32),
        ("reserved", c_uint32),
        ("energy", c_double),
        ("dense_energy", c_double),
        ("latency", c_double),
        ("dense_latency", c_double),
    ]


Status = c_int32
Handle = c_void_p
Size = POINTER(c_uint64)
ErrorPointer = POINTER(Error)
TokenizerOpener = ctypes.CFUNCTYPE(None, c_void_p)

# Name: (result, parameters). Buffers of characters are addresses, so that any writable memory may be given.
SIGNATURES = {
    "quell_model_open_file": (Status, [c_char_p, POINTER(Handle), ErrorPointer]),
    "quell_model_open_memory": (Status, [c_void_p, c_uint64, POINTER(Handle), ErrorPointer]),
    "quell_model_close": (None, [Handle]),
    "quell_model_vocabulary_size": (c_uint32, [Handle]),
    "quell_model_context_length": (c_uint32, [Handle]),
    "quell_model_name": (Status, [Handle, c_void_p, c_uint64, Size, ErrorPointer]),
    "quell_model_encode": (Status, [Handle, c_void_p, c_uint64, c_void_p, c_uint64, Size, ErrorPointer]),
    "quell_model_decode": (Status, [Handle, c_void_p, c_uint64, c_void_p, c_uint64, Size, ErrorPointer]),
    "quell_model_token_bytes": (Status, [Handle, c_uint32, POINTER(c_void_p), Size, ErrorPointer]),
    "quell_model_token_is_control": (c_bool, [Handle, c_uint32]),
    "quell_model_beginning_token": (c_uint32, [Handle]),
    "quell_model_end_token": (c_uint32, [Handle]),
    "quell_session_create": (Status, [Handle, POINTER(SessionOptions), POINTER(Handle), ErrorPointer]),
    "quell_session_close": (None, [Handle]),
    "quell_session_step": (Status, [Handle, c_uint32, ErrorPointer]),
    "quell_session_prefill": (Status, [Handle, c_void_p, c_uint64, ErrorPointer]),
    "quell_session_logits": (POINTER(c_float), [Handle]),
    "quell_session_position": (c_uint64, [Handle]),
    "quell_session_capacity": (c_uint64, [Handle]),
    "quell_session_reset": (None, [Handle]),
    "quell_sampler_initialize": (Status, [POINTER(Sampler), POINTER(SamplerOptions), ErrorPointer]),
    "quell_session_sample": (Status, [Handle, POINTER(Sampler), POINTER(c_uint32), ErrorPointer]),
    "quell_model_site_count": (c_uint32, [Handle]),
    "quell_model_site_name": (Status, [Handle, c_uint32, c_void_p, c_uint64, Size, ErrorPointer]),
    "quell_model_site_kind": (Status, [Handle, c_uint32, c_void_p, c_uint64, Size, ErrorPointer]),
    "quell_model_site_inputs": (c_uint64, [Handle, c_uint32]),
    "quell_model_site_outputs": (c_uint64, [Handle, c_uint32]),
    "quell_model_site_is_head": (c_bool, [Handle, c_uint32]),
    "quell_session_get_threshold": (Status, [Handle, c_uint32, POINTER(c_float), ErrorPointer]),
    "quell_session_set_threshold": (Status, [Handle, c_uint32, c_float, ErrorPointer]),
    "quell_session_site_events": (c_uint64, [Handle, c_uint32]),
    "quell_session_counts": (Status, [Handle, POINTER(Counts), ErrorPointer]),
    "quell_session_reset_counts": (None, [Handle]),
    "quell_session_estimate_cost": (Status, [Handle, POINTER(Cost), ErrorPointer]),
    "quell_session_save_state": (Status, [Handle, c_void_p, c_uint64, Size, ErrorPointer]),
    "quell_session_state_size": (c_uint64, [Handle]),
    "quell_session_restore_state": (Status, [Handle, c_void_p, c_uint64, ErrorPointer]),
    "quell_model_memory_size": (Status, [c_void_p, c_uint64, TokenizerOpener, Size, ErrorPointer]),
    "quell_model_open_in": (
        Status,
        [c_void_p, c_uint64, TokenizerOpener, c_void_p, c_uint64, POINTER(Handle), ErrorPointer],
    ),
    "quell_open_tokenizer": (None, [c_void_p]),
    "quell_session_memory_size": (Status, [Handle, POINTER(SessionOptions), Size, ErrorPointer]),
    "quell_session_create_in": (
        Status,
        [Handle, POINTER(SessionOptions), c_void_p, c_uint64, POINTER(Handle), ErrorPointer],
    ),
    "quell_version": (c_char_p, []),
    "quell_abi_version": (c_uint32, []),
    "quell_status_name": (c_char_p, [Status]),
}
