"""Measures how fast and in how much memory large exports are imported, against `cat` of the same files.

usage: import_speed.py [--quell PATH] [--rounds N] [--weights TYPE...] [--cache warm|cold...] FOLDER...

Every FOLDER holds a model.onnx with its data beside it, as make_export.py makes them. In each round cat and the import take turns,
so that what else the machine does touches both; the table has the medians. Cold means that the system is asked to drop the
files from its cache first. Beside the rates are seconds of processor time, of all threads, which other work disturbs less. The
peak is of anonymous memory (RssAnon): mapped files belong to the system's cache.
"""
import argparse
import os
import pathlib
import resource
import statistics
import subprocess
import tempfile
import time


def sources(folder):
    return sorted(path for path in folder.iterdir() if path.name.startswith("model.onnx"))


def drop(paths):
    for path in paths:
        with open(path, "rb") as file:
            os.fsync(file.fileno())
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def cat_once(paths):
    """Seconds, and seconds of processor time."""
    start, before = time.monotonic(), processor_seconds()
    with open(os.devnull, "wb") as nothing:
        subprocess.run(["cat", *paths], stdout=nothing, check=True)
    return time.monotonic() - start, processor_seconds() - before


def processor_seconds():
    """Of all commands that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def anonymous_bytes(process):
    try:
        with open(f"/proc/{process}/status") as status:
            return next((int(line.split()[1]) * 1024 for line in status if line.startswith("RssAnon")), 0)
    except OSError:
        return 0


def import_once(quell, folder, weights):
    """Seconds, seconds of processor time, and the peak of anonymous memory."""
    with tempfile.TemporaryDirectory(dir=folder) as place:
        command = [quell, "import", folder / "model.onnx", "--weights", weights, "-o", pathlib.Path(place) / "model.gguf"]
        start, before = time.monotonic(), processor_seconds()
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        peak = 0
        while process.poll() is None:
            peak = max(peak, anonymous_bytes(process.pid))
            time.sleep(0.01)
        duration = time.monotonic() - start
    if process.returncode != 0:
        raise SystemExit(f"the import of {folder} failed with status {process.returncode}")
    return duration, processor_seconds() - before, peak


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quell", default=pathlib.Path(__file__).parent.parent / "build/bin/quell", type=pathlib.Path)
    parser.add_argument("--rounds", default=3, type=int)
    parser.add_argument("--weights", nargs="+", default=["int8", "f16"])
    parser.add_argument("--cache", nargs="+", default=["warm", "cold"], choices=["warm", "cold"])
    parser.add_argument("folders", nargs="+", type=pathlib.Path)
    arguments = parser.parse_args()
    print("| model | weights | cache | cat | import | import / cat | cat, processor | import, processor | anonymous peak |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- | --- |")
    for folder in arguments.folders:
        paths = sources(folder)
        size = sum(path.stat().st_size for path in paths)
        for cache in arguments.cache:
            for weights in arguments.weights:
                cats, imports = [], []
                cat_once(paths)
                for _ in range(arguments.rounds):
                    if cache == "cold":
                        drop(paths)
                    cats.append(cat_once(paths))
                    if cache == "cold":
                        drop(paths)
                    imports.append(import_once(arguments.quell, folder, weights))
                (cat, cat_processor), (quell, quell_processor, _) = (
                    [statistics.median(column) for column in zip(*runs)] for runs in (cats, imports))
                print(
                    f"| {folder.name}, {size / 1e9:.1f} GB | {weights} | {cache} | {size / cat / 1e9:.2f} GB/s "
                    f"| {size / quell / 1e9:.2f} GB/s | {cat / quell:.2f} | {cat_processor:.1f} s | {quell_processor:.1f} s "
                    f"| {max(run[-1] for run in imports) / 2**20:.0f} MiB |",
                    flush=True,
                )


if __name__ == "__main__":
    main()
