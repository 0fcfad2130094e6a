"""Measures how the loss of a model rises with its sparsity, one point for each worker of a cluster at a time.

PYTHONPATH=Bindings/Python python3 Examples/Python/sweep.py model.gguf calibration.txt evaluation.txt 0.5,0.63,0.75 [scheduler]

Without the address of a scheduler of Dask the cluster is this machine. The workers need the package quell, the command, and the files
under the same names.
"""

import sys

import quell
from dask.distributed import Client, as_completed

METHODS = ["uniform", "allocate", "compensate"]


def main() -> int:
    if not 5 <= len(sys.argv) <= 6:
        print("usage: sweep.py model calibration evaluation sparsities [scheduler]", file=sys.stderr)
        return 2
    model, calibration, evaluation, sparsities, *scheduler = sys.argv[1:]
    points = [(method, float(sparsity)) for method in METHODS for sparsity in sparsities.split(",")]
    where = {"address": scheduler[0]} if scheduler else {"threads_per_worker": 1, "dashboard_address": None}
    with Client(**where) as client:
        waiting = [
            client.submit(quell.sweep_point, model, *point, calibration=calibration, evaluation=evaluation) for point in points
        ]
        print("method,target,sparsity,loss_increase")
        for _, point in as_completed(waiting, with_results=True):
            print(f"{point['method']},{point['target']},{point['sparsity']:.4f},{point['loss_increase']:.4f}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
