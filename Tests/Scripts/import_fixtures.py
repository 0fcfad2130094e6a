"""Makes the importer's fixtures: a model with the logits that its source gives for a few tokens.

usage: import_fixtures.py CASES_DIR FIXTURES_DIR CASE...

Every case is a folder of CASES_DIR with an exported model.onnx and a ref.npz that holds `tokens` (int64, one dimension) and
`logits_ref` (float32, one row for each token: the logits of the model that was exported, computed by its own framework).
The fixture gets the model, tokens.json, and logits.f32, the rows as little-endian single-precision numbers.
"""
import json
import pathlib
import shutil
import sys

import numpy as np


def main():
    cases, fixtures, names = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), sys.argv[3:]
    for name in names:
        folder = fixtures / name
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(cases / name / "model.onnx", folder / "model.onnx")
        reference = np.load(cases / name / "ref.npz")
        (folder / "tokens.json").write_text(json.dumps(reference["tokens"].tolist()) + "\n")
        reference["logits_ref"].astype("<f4").tofile(folder / "logits.f32")


if __name__ == "__main__":
    main()
