"""quell.h as ctypes sees it. Made by `make header`; not to be edited."""

from ctypes import CFUNCTYPE, POINTER, Structure, c_bool, c_char, c_char_p, c_double, c_float, c_int32, c_uint32, c_uint64, c_void_p

VERSION_MAJOR = 0
VERSION_MINOR = 1
VERSION_PATCH = 0
ABI_VERSION = 1
NO_TOKEN = 0xffffffff
OK = 0
INVALID_ARGUMENT = 1
TOKEN_OUT_OF_RANGE = 2
BUFFER_TOO_SMALL = 3
CONTEXT_FULL = 4
NO_TOKENIZER = 5
OUT_OF_MEMORY = 16
FILE_UNREADABLE = 17
CANCELLED = 18
FILE_UNWRITABLE = 19
MALFORMED = 32
UNSUPPORTED = 33
STATE_MISMATCH = 34
INSTRUCTIONS_AUTOMATIC = 0
INSTRUCTIONS_PORTABLE = 1
INSTRUCTIONS_AVX2 = 2
INSTRUCTIONS_AVX512 = 3
WORK_MAC_F32 = 0
WORK_MAC_F16 = 1
WORK_MAC_BF16 = 2
WORK_MAC_INT8 = 3
WORK_MAC_INT4 = 4
WORK_AC_F32 = 5
WORK_AC_F16 = 6
WORK_AC_BF16 = 7
WORK_AC_INT8 = 8
WORK_AC_INT4 = 9
WORK_LOOKUP_F32 = 10
WORK_LOOKUP_F16 = 11
WORK_LOOKUP_BF16 = 12
WORK_LOOKUP_INT8 = 13
WORK_LOOKUP_INT4 = 14
WORK_SUM = 15
WORK_OUTPUT = 16
WORK_COMPARE_INPUT = 17
WORK_EMIT_EVENT = 18
WORK_TAKE_EVENT = 19
WORK_ATTEND = 20
WORK_COPY = 21
WORK_NEGATE = 22
WORK_EXPONENTIAL = 23
WORK_RECTIFY = 24
WORK_SIGMOID = 25
WORK_SQUARE_ROOT = 26
WORK_SINE = 27
WORK_COSINE = 28
WORK_HYPERBOLIC_TANGENT = 29
WORK_ERROR_FUNCTION = 30
WORK_LOGARITHM = 31
WORK_ABSOLUTE = 32
WORK_ADD = 33
WORK_SUBTRACT = 34
WORK_MULTIPLY = 35
WORK_DIVIDE = 36
WORK_MAXIMUM = 37
WORK_MINIMUM = 38
WORK_THRESHOLD = 39
WORK_CHOOSE = 40
WORK_MAC_TERNARY = 41
WORK_LOOKUP_TERNARY = 42
WORK_ROUND = 43
WORK_KINDS = 44


class Error(Structure):
    _fields_ = [
        ("struct_size", c_uint32),
        ("code", c_int32),
        ("byte_offset", c_uint64),
        ("message", c_char * 256),
    ]


Read = CFUNCTYPE(c_int32, c_uint64, c_void_p, c_uint64, c_void_p)
TokenizerOpener = CFUNCTYPE(None, c_void_p)


class SessionOptions(Structure):
    _fields_ = [
        ("struct_size", c_uint32),
        ("context_length", c_uint32),
        ("instruction_set", c_uint32),
        ("threads", c_uint32),
        ("batch", c_uint32),
        ("uncounted", c_uint32),
        ("event_group", c_uint32),
    ]


class TokenScore(Structure):
    _fields_ = [
        ("log_probability", c_float),
        ("greatest", c_uint32),
    ]


LogitsVisitor = CFUNCTYPE(None, c_uint64, c_void_p, c_void_p)


class Adaptation(Structure):
    _fields_ = [
        ("struct_size", c_uint32),
        ("target", c_float),
        ("rate", c_float),
        ("lowest", c_float),
        ("highest", c_float),
        ("factor", c_float),
    ]


class SamplerOptions(Structure):
    _fields_ = [
        ("struct_size", c_uint32),
        ("temperature", c_float),
        ("top_k", c_uint32),
        ("top_p", c_float),
        ("seed", c_uint64),
    ]


class Sampler(Structure):
    _fields_ = [
        ("private_", c_uint64 * 8),
    ]


class Counts(Structure):
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


class Cost(Structure):
    _fields_ = [
        ("struct_size", c_uint32),
        ("reserved", c_uint32),
        ("energy", c_double),
        ("dense_energy", c_double),
        ("latency", c_double),
        ("dense_latency", c_double),
    ]


class Price(Structure):
    _fields_ = [
        ("energy_compute", c_double),
        ("energy_memory", c_double),
        ("time_compute", c_double),
        ("time_memory", c_double),
    ]


SIGNATURES = {
    "quell_model_open_file": (c_int32, [c_void_p, POINTER(c_void_p), POINTER(Error)]),
    "quell_model_open_memory": (c_int32, [c_void_p, c_uint64, POINTER(c_void_p), POINTER(Error)]),
    "quell_model_close": (None, [c_void_p]),
    "quell_model_vocabulary_size": (c_uint32, [c_void_p]),
    "quell_model_context_length": (c_uint32, [c_void_p]),
    "quell_model_name": (c_int32, [c_void_p, c_void_p, c_uint64, c_void_p, POINTER(Error)]),
    "quell_model_fingerprint": (c_uint64, [c_void_p]),
    "quell_session_create": (c_int32, [c_void_p, POINTER(SessionOptions), POINTER(c_void_p), POINTER(Error)]),
    "quell_session_close": (None, [c_void_p]),
    "quell_session_step": (c_int32, [c_void_p, c_uint32, POINTER(Error)]),
    "quell_session_prefill": (c_int32, [c_void_p, c_void_p, c_uint64, POINTER(Error)]),
    "quell_session_cancel": (None, [c_void_p]),
    "quell_session_logits": (POINTER(c_float), [c_void_p]),
    "quell_session_position": (c_uint64, [c_void_p]),
    "quell_session_capacity": (c_uint64, [c_void_p]),
    "quell_session_reset": (None, [c_void_p]),
    "quell_session_score": (c_int32, [c_void_p, c_void_p, c_void_p, c_uint64, POINTER(TokenScore), POINTER(Error)]),
    "quell_session_visit_logits": (c_int32, [c_void_p, c_void_p, c_uint64, LogitsVisitor, c_void_p, POINTER(Error)]),
    "quell_model_encode": (c_int32, [c_void_p, c_void_p, c_uint64, c_void_p, c_uint64, c_void_p, POINTER(Error)]),
    "quell_model_decode": (c_int32, [c_void_p, c_void_p, c_uint64, c_void_p, c_uint64, c_void_p, POINTER(Error)]),
    "quell_model_token_bytes": (c_int32, [c_void_p, c_uint32, POINTER(c_void_p), c_void_p, POINTER(Error)]),
    "quell_model_token_is_control": (c_bool, [c_void_p, c_uint32]),
    "quell_model_beginning_token": (c_uint32, [c_void_p]),
    "quell_model_end_token": (c_uint32, [c_void_p]),
    "quell_sampler_initialize": (c_int32, [POINTER(Sampler), POINTER(SamplerOptions), POINTER(Error)]),
    "quell_session_sample": (c_int32, [c_void_p, POINTER(Sampler), c_void_p, POINTER(Error)]),
    "quell_model_site_count": (c_uint32, [c_void_p]),
    "quell_model_site_name": (c_int32, [c_void_p, c_uint32, c_void_p, c_uint64, c_void_p, POINTER(Error)]),
    "quell_model_site_kind": (c_int32, [c_void_p, c_uint32, c_void_p, c_uint64, c_void_p, POINTER(Error)]),
    "quell_model_site_inputs": (c_uint64, [c_void_p, c_uint32]),
    "quell_model_site_outputs": (c_uint64, [c_void_p, c_uint32]),
    "quell_model_site_is_head": (c_bool, [c_void_p, c_uint32]),
    "quell_model_site_threshold": (c_float, [c_void_p, c_uint32]),
    "quell_session_get_threshold": (c_int32, [c_void_p, c_uint32, c_void_p, POINTER(Error)]),
    "quell_session_set_threshold": (c_int32, [c_void_p, c_uint32, c_float, POINTER(Error)]),
    "quell_session_site_events": (c_uint64, [c_void_p, c_uint32]),
    "quell_session_counts": (c_int32, [c_void_p, POINTER(Counts), POINTER(Error)]),
    "quell_session_reset_counts": (None, [c_void_p]),
    "quell_session_estimate_cost": (c_int32, [c_void_p, POINTER(Cost), POINTER(Error)]),
    "quell_cost_kind_name": (c_char_p, [c_uint32]),
    "quell_cost_session_work": (c_int32, [c_void_p, c_bool, c_void_p, c_uint32, POINTER(Error)]),
    "quell_cost_price": (c_int32, [c_void_p, POINTER(Price), c_uint32, POINTER(Price), POINTER(Error)]),
    "quell_session_adapt": (c_int32, [c_void_p, POINTER(Adaptation), POINTER(Error)]),
    "quell_session_adaptation": (c_int32, [c_void_p, POINTER(Adaptation), POINTER(Error)]),
    "quell_model_calibration_size": (c_uint64, [c_void_p]),
    "quell_session_begin_calibration": (c_int32, [c_void_p, c_void_p, c_uint64, POINTER(Error)]),
    "quell_session_calibrate": (c_int32, [c_void_p, c_double, c_void_p, POINTER(Error)]),
    "quell_session_end_calibration": (None, [c_void_p]),
    "quell_session_save_state": (c_int32, [c_void_p, c_void_p, c_uint64, c_void_p, POINTER(Error)]),
    "quell_session_state_size": (c_uint64, [c_void_p]),
    "quell_session_restore_state": (c_int32, [c_void_p, c_void_p, c_uint64, POINTER(Error)]),
    "quell_model_memory_size": (c_int32, [c_void_p, c_uint64, TokenizerOpener, c_void_p, POINTER(Error)]),
    "quell_model_open_in": (
        c_int32,
        [c_void_p, c_uint64, TokenizerOpener, c_void_p, c_uint64, POINTER(c_void_p), POINTER(Error)],
    ),
    "quell_open_tokenizer": (None, [c_void_p]),
    "quell_session_memory_size": (c_int32, [c_void_p, POINTER(SessionOptions), c_void_p, POINTER(Error)]),
    "quell_session_create_in": (
        c_int32,
        [c_void_p, POINTER(SessionOptions), c_void_p, c_uint64, POINTER(c_void_p), POINTER(Error)],
    ),
    "quell_model_encode_memory_size": (c_int32, [c_void_p, c_void_p, c_uint64, c_void_p, POINTER(Error)]),
    "quell_model_encode_in": (
        c_int32,
        [c_void_p, c_void_p, c_uint64, c_void_p, c_uint64, c_void_p, c_uint64, c_void_p, POINTER(Error)],
    ),
    "quell_model_open_reader": (c_int32, [Read, c_void_p, c_uint64, POINTER(c_void_p), POINTER(Error)]),
    "quell_version": (c_char_p, []),
    "quell_version_number": (c_uint32, []),
    "quell_build_information": (c_char_p, []),
    "quell_abi_version": (c_uint32, []),
    "quell_status_name": (c_char_p, [c_int32]),
}
