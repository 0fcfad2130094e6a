"""Runs the measuring program with the library for Linux on AArch64, in emulation, over a model in every format of weights: the tokens and
the CRC of all logits must be those of the portable kernels on this machine.

usage: run_linux.py [--command QUELL]
"""
import argparse
import pathlib
import tempfile

from boards import HERE, HOST, LINUX, ROOT
from run_boards import Checks, Models, compare, parse

FORMATS = ("f32", "f16", "bf16", "int8", "int4")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--command", default=str(ROOT / "build/bin/quell"))
    arguments = parser.parse_args()
    checks = Checks()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        models = Models(arguments.command, folder)
        for weights in FORMATS:
            reports = []
            for machine in (HOST, LINUX):
                program = folder / f"{machine.core}-{weights}"
                machine.build(HERE / "measure.c", models.of(weights), program, f"-DTOKENS={machine.tokens}")
                reports.append(parse(machine.run(program)))
            compare(LINUX, reports[1], reports[0], checks, weights)
    checks.end()
    print(f"{LINUX.name} computes what the host computes, bit for bit: {', '.join(FORMATS)}")


if __name__ == "__main__":
    main()
