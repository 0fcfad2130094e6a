"""Measures how fast the search of arXiv 2501.16337 is, against running the whole model for every statistic and every loss.

usage: search_speed.py [--quell PATH] [--tokens N] [--threads N] [--loss-increase F] [--passes N] MODEL TEXT

The plain way takes one pass of the whole model over the text for the magnitudes at each site that is searched, and one for each loss
evaluation; the command prints how many of these there were. What one pass takes is measured by the same engine, as the search that ends
after the dense model's loss, before and after the search: tokens go through matrices together and threads are used, so that what is
compared is the order of the work alone. Beside it, the default method at the same tokens.
"""
import argparse
import json
import pathlib
import re
import statistics
import subprocess
import tempfile
import time


class Command:
    def __init__(self, arguments, folder):
        self.words = [arguments.quell, "calibrate", "-m", arguments.model, "-f", arguments.text]
        self.words += ["--tokens", str(arguments.tokens), "--threads", str(arguments.threads)]
        self.folder = folder

    def seconds(self, name, *options):
        """How long a calibration takes, what it says, and where it is written."""
        output = self.folder / name
        output.unlink(missing_ok=True)
        start = time.monotonic()
        done = subprocess.run([*self.words, *options, "-o", output], check=True, capture_output=True, text=True)
        return time.monotonic() - start, done.stdout, output


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=pathlib.Path)
    parser.add_argument("text", type=pathlib.Path)
    parser.add_argument("--quell", default="build/bin/quell")
    parser.add_argument("--tokens", type=int, default=32768)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--loss-increase", default="1.0005")
    parser.add_argument("--passes", type=int, default=3, help="how many passes are measured before the search, and as many after it")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        command = Command(arguments, pathlib.Path(place))
        sequential = ["--method", "sequential", "--loss-increase", arguments.loss_increase]

        def passes():
            return [command.seconds("pass.json", *sequential, "--max-evaluations", "1")[0] for _ in range(arguments.passes)]

        before = passes()
        searching, said, output = command.seconds("search.json", *sequential)
        one = statistics.median(before + passes())
        fitting, _, _ = command.seconds("fitted.gguf", "--sparsity", "0.63")
        sites = json.loads(output.read_text())["sites"]
    evaluations = int(re.search(r"(\d+) loss evaluations", said)[1])
    searched = sum(1 for site in sites if site["theta"] > 0)
    plain = (evaluations + searched) * one
    print("| | passes of the whole model | seconds |")
    print("| --- | --- | --- |")
    print(f"| one pass | 1 | {one:.1f} |")
    print(f"| plain search: {evaluations} losses, {searched} sites' magnitudes | {evaluations + searched} | {plain:.0f} |")
    print(f"| `sequential` | {searching / one:.0f} | {searching:.0f} |")
    print(f"| `compensate` | {fitting / one:.0f} | {fitting:.0f} |")


if __name__ == "__main__":
    main()
