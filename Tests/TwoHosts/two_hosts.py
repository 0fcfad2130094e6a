"""A Swift program's Quell and libquell.so in one process: each keeps to itself, whichever is loaded first and whoever sees its symbols.

usage: two_hosts.py HOST_LIBRARY MODEL first|last
"""

import ctypes
import sys
import threading

PROMPT, LIMIT = "Once upon a time", 24


def load_host(path):
    # For all to see: symbols of the same names in two libraries are where one could call the other's.
    host = ctypes.CDLL(path, mode=ctypes.RTLD_GLOBAL)
    host.host_generate.argtypes = [ctypes.c_char_p, ctypes.c_char_p, ctypes.c_void_p, ctypes.c_int32]
    return host


def main():
    path, model_path, order = sys.argv[1:]
    host = load_host(path) if order == "first" else None
    import quell

    host = host or load_host(path)
    with quell.Model(model_path) as model:

        def in_python():
            session = model.session(threads=2)
            session.prefill(model.tokenizer.encode(PROMPT))
            sampler = quell.Sampler()
            tokens = []
            for _ in range(LIMIT):
                tokens.append(session.sample(sampler))
                session.step(tokens[-1])
            return tokens

        def in_swift():
            tokens = (ctypes.c_uint32 * LIMIT)()
            status = host.host_generate(model_path.encode(), PROMPT.encode(), tokens, LIMIT)
            assert status == 0, f"the Swift side answers {status}"
            return list(tokens)

        expected = in_python()
        assert len(set(expected)) > 3
        results = []
        threads = [
            threading.Thread(target=lambda run=run: results.append(run())) for _ in range(4) for run in (in_python, in_swift)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(results) == 8 and all(result == expected for result in results), results
        # A failure of one is not the other's.
        assert host.host_generate(b"/nowhere", PROMPT.encode(), None, 0) == 17
        assert in_python() == expected


main()
