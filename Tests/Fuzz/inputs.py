#!/usr/bin/env python3
"""Writes inputs for the fuzzers of what the host reads: files that are right, which lie in Corpus and which tests damage; some with extreme
numbers, which lie there too; and, with --wrong, also the named bad files and small exports, for a run of the fuzzers to begin with.

usage: inputs.py [--wrong] FOLDER
"""

import argparse
import json
import pathlib
import struct
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "BadFiles"))

import json_cases
import onnx_cases

SAMPLES = HERE.parent / "Compatibility" / "1"
EXPORTS = HERE.parent / "QuellImportTests" / "Fixtures"
# The fingerprints of the models in the samples, and the windows of tokens that Tests/QuellFileTests reads checkpoints for.
SMALL, BYTES = 0xCE003729159B8173, 0xD3E14369E3D9A40A
WINDOW, TEXT = [3, 1, 4, 0, 2, 5], [261, 258, 258]
# What a fuzzer makes is not longer.
MOST = 8192


def fingerprint(*windows: list[int]) -> int:
    """FNV-1a over windows of tokens, as CalibrationWindows has it."""
    value = 0xCBF29CE484222325
    for window in windows:
        for word in [len(window), *window]:
            value = (value ^ word) * 0x100000001B3 % 2**64
    return value


def compact(document: dict | list) -> bytes:
    """A document without spaces."""
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode()


def search() -> dict:
    """The checkpoint of a search that is done with two sites of the small model."""
    choices = [{"site": site, "density": 0.9, "theta": 0.125, "loss": 2.5} for site in ("block.up", "block.down")]
    return {"format": "quell-search", "version": 1, "search": {
        "model": SMALL, "text": fingerprint(WINDOW), "loss_increase": 1.01, "dense_loss": 2.5, "evaluations": 4, "choices": choices,
        "trials": [{"density": 0.9, "loss": 2.5}]}}


def sweep() -> dict:
    """The checkpoint of a sweep with two points."""
    names = ["block.up", "block.down", "block.attention", "head"]
    subject = {"model": "small", "model_fingerprint": f"{BYTES:016x}", "weights": "source", "calibration_tokens": 5, "evaluation_tokens": 2,
               "context": 4, "texts": f"{fingerprint(WINDOW, TEXT):016x}"}
    dense = {"loss": 5.5, "loss_standard_error": 0.1, "sparsity": 0.125, "site_sparsity": [0, 0.5, 0, 0]}
    points = [{"method": "uniform", "target": target, "sparsity": target, "loss": 5.75, "loss_increase": 0.25,
               "loss_increase_standard_error": 0.05, "calibration_seconds": 1.5, "site_sparsity": [target] * 4} for target in (0.5, 0.75)]
    sites = [{"name": name, "kind": name.removeprefix("block.")} for name in names]
    return {"format": "quell-sweep", "version": 1, "subject": subject, "sites": sites, "dense": dense, "points": points}


def tasks() -> dict[str, bytes]:
    """Two documents of each task, the second of which has its label in another file where there is one."""
    documents = {
        "l lambada": [{"text": "he the"}, {"text": "the"}],
        "p piqa": [{"goal": "t", "sol1": "the", "sol2": "he"}] * 2,
        "h hellaswag": [{"activity_label": "In", "ctx_a": "[header] a [title] b", "ctx_b": "he", "endings": ["the", " [x] in"], "label": "1"}],
        "g winogrande": [{"sentence": "the _ in", "option1": "he", "option2": "er", "answer": "2"}],
        "a arc": [{"question": {"stem": "t", "choices": [{"text": "he", "label": "A"}, {"text": "in", "label": "B"}]}, "answerKey": "B"},
                  {"question": "t", "choices": {"text": ["he", "in"], "label": ["1", "2"]}, "answerKey": "1"}],
    }
    lines = {name: b"\n".join(compact(document) for document in each) for name, each in documents.items()}
    lines["p piqa"] += b"\0" + b"0\n1"
    return lines


def device() -> dict:
    """A profile of one core with one instruction, one access that cores share, and a network."""
    def figure(value: float) -> dict:
        return {"value": value, "source": "s", "measured": True}

    step = {"energy_pj": figure(0.5), "cycles": figure(1)}
    shared = {"shared_energy_pj": figure(9), "shared_cycles": figure(4)}
    work = [f"{sum}_{weights}" for sum in ("mac", "ac") for weights in ("f32", "f16", "bf16", "int8", "int4")]
    work += ["sum", "output", "compare_input", "emit_event", "take_event", "attend", "add", "multiply"]
    return {
        "format": "quell-device", "version": 1, "name": "d", "description": "A device", "sources": {"s": "Assumed"},
        "clock_mhz": figure(500), "lanes": figure(8), "event_group": figure(2), "skips_quiet_inputs": True, "components": ["linear", "head"],
        "core": {"memory_bytes": figure(4096), "count": figure(2), "static_power_mw": figure(0.25)},
        "network": {"energy_pj": figure(1), "cycles": figure(2), "hops": figure(3)},
        "uncertainty": {"energy": figure(0.5), "latency": figure(0.25)},
        "instructions": {"step": step}, "controller": {}, "accesses": {"load": {**step, **shared}},
        "work": {kind: {"load": 1, "step": 2} if kind.startswith("mac") else {} for kind in work}}


def all_bytes() -> dict:
    """A tokenizer with a token for every byte and one that begins texts."""
    document = json.loads(json.dumps(json_cases.TOKENIZER))
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in printable]
    letters = {byte: chr(byte) for byte in printable} | {byte: chr(256 + index) for index, byte in enumerate(others)}
    tokens = [letters[byte] for byte in range(256)] + ["th", "the", "\u0120the"]
    document["model"]["vocab"] = {token: index for index, token in enumerate(tokens)}
    document["model"]["merges"] = ["t h", ["th", "e"], ["\u0120", "the"]]
    document["added_tokens"][0]["id"] = len(tokens)
    return document


def beside(graph: bytes, weights: bytes) -> bytes:
    """A graph with a file of weights, as one input."""
    return b"\0" + struct.pack("<H", len(weights)) + weights + graph


def right() -> dict[str, bytes]:
    """Files that are right, by fuzzer and name."""
    weights = struct.pack("<7f", 9, *range(6))
    entries = (("location", "weights.bin"), ("offset", "4"), ("length", "24"))
    fields = onnx_cases.field(14, 1) + b"".join(
        onnx_cases.field(13, onnx_cases.field(1, key) + onnx_cases.field(2, text)) for key, text in entries)
    external = onnx_cases.changed(table=onnx_cases.tensor("table", [3, 2], fields))
    files = {
        "json/right-thresholds": b"t" + compact(json.loads((SAMPLES / "small.thresholds.json").read_text())),
        "json/right-device": b"d" + compact(device()),
        "json/device": b"d" + compact(json.loads((SAMPLES / "device.json").read_text())),
        "json/right-site-sparsity": b"s" + compact({"up": 61.5, "down": {"sparse": 93.5, "natural": 90}, "attention": 0}),
        "json/right-search": b"r" + compact(search()),
        "json/right-sweep": b"w" + compact(sweep()),
        "tokenizer/right-small": compact(json_cases.TOKENIZER) + b"\0" + compact({"eos_token": {"content": "<end>"}}) + b"\0the th<end>",
        "tokenizer/bytes": compact(all_bytes()) + b"\0\0The the\n12 \xc3\xa9\xff<end>",
        "onnx/right-inside": onnx_cases.good(),
        "onnx/right-beside": beside(external, weights),
    }
    for name, lines in tasks().items():
        letter, task = name.split()
        files[f"json/right-{task}"] = letter.encode() + lines
    return files


def extreme() -> dict[str, bytes]:
    """Files in which a number or a name is not what anyone would write, by fuzzer and name. Each has been a crash, too much memory, or a
    message of several lines."""
    device = json.loads((SAMPLES / "device.json").read_text())

    del device["core"]["count"]
    figure = device["clock_mhz"]
    device["network"] = {"energy_pj": figure, "cycles": figure, "hops": figure}

    def of_device(*path: str, to: float) -> bytes:
        return b"d" + json_cases.changed(device, *path, "value", to=to)

    def of_search(**members: int) -> bytes:
        document = search()
        document["search"] |= members
        return b"r" + compact(document)

    def of_sweep(**members: list | float) -> bytes:
        document = sweep()
        document["points"] = [point | members for point in document["points"]]
        return b"w" + compact(document)

    unnamed = onnx_cases.tensor("ta\n\x1b[2J\u0085ble", [3, 2], b"")
    return {
        "json/device-smallest-memory": of_device("core", "memory_bytes", to=5e-324),
        "json/device-least-memory": of_device("core", "memory_bytes", to=1e-15),
        "json/device-greatest-energy": of_device("accesses", "load", "energy_pj", to=1e308),
        "json/device-slowest-clock": of_device("clock_mhz", to=5e-324),
        "json/device-name-of-lines": b"d" + compact({**device, "a\n\u001b[2J": 1}),
        "json/search-most-evaluations": of_search(evaluations=2**63 - 1),
        "json/search-fewest-evaluations": of_search(evaluations=-(2**63)),
        "json/sweep-point-of-no-sites": of_sweep(site_sparsity=[]),
        "json/sweep-point-of-many-sites": of_sweep(site_sparsity=[0] * 9),
        "json/sweep-point-beyond-all-sparse": of_sweep(site_sparsity=[1e300] * 4),
        "json/sweep-longest-calibration": of_sweep(calibration_seconds=1e300),
        "json/sweep-greatest-loss": of_sweep(loss_increase=1.7e308),
        "json/sweep-least-loss": of_sweep(loss_increase=5e-324),
        "onnx/name-of-lines": onnx_cases.changed(table=unnamed),
    }


def wrong() -> dict[str, bytes]:
    """The named bad files, and exports of a few kilobytes."""
    thresholds = json.loads((SAMPLES / "small.thresholds.json").read_text())
    device = json.loads((SAMPLES / "device.json").read_text())
    files = {}
    for letter, cases in (("t", json_cases.thresholds(thresholds)), ("d", json_cases.devices(device))):
        files |= {f"json/{letter}{index}": letter.encode() + case.data for index, case in enumerate(cases)}
    files |= {f"tokenizer/{index}": case.data for index, case in enumerate(json_cases.tokenizers())}
    for index, case in enumerate(onnx_cases.cases()):
        data = case.beside.get("weights.bin") if isinstance(case, onnx_cases.Case) else None
        files[f"onnx/{index}"] = beside(case.data, data) if isinstance(data, bytes) else case.data
    for path in sorted(EXPORTS.rglob("*.onnx")):
        files[f"onnx/{path.parent.name}"] = path.read_bytes()
    return {name: data for name, data in files.items() if len(data) <= MOST}


def main() -> None:
    """Writes the files."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--wrong", action="store_true")
    parser.add_argument("folder", type=pathlib.Path)
    arguments = parser.parse_args()
    for name, data in {**right(), **extreme(), **(wrong() if arguments.wrong else {})}.items():
        path = arguments.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


if __name__ == "__main__":
    main()
