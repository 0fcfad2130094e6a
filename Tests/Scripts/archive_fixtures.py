"""Makes two small NumPy archives, one stored and one deflated, for the tests of the importer's verification.

usage: archive_fixtures.py FOLDER
"""
import pathlib
import sys

import numpy as np


def main():
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    arrays = {
        "tokens": np.array([3, 1, 2], dtype=np.int64),
        "logits": np.array([[0.5, -1], [2, 3], [4, 5.25]], dtype=np.float32),
    }
    np.savez(folder / "stored.npz", **arrays)
    np.savez_compressed(folder / "deflated.npz", **arrays)


if __name__ == "__main__":
    main()
