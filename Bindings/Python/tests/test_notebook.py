"""Runs the notebook of the examples, cell by cell, as a kernel would."""

import json
import pathlib

import pytest
import quell

ROOT = pathlib.Path(__file__).parents[3]
NOTEBOOK = ROOT / "Examples" / "Python" / "sparsity.ipynb"
LIBRARY = pathlib.Path(quell._library._name).with_name("libquell_import.so")

matplotlib = pytest.importorskip("matplotlib")


@pytest.mark.skipif(not LIBRARY.exists(), reason="the library that imports is not built")
def test_the_notebook_tells_what_it_says(monkeypatch, capsys):
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    monkeypatch.chdir(NOTEBOOK.parent)
    monkeypatch.setattr(plt, "show", lambda: None)
    names = {"__name__": "__main__"}
    cells = json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]
    assert all(not cell.get("outputs") for cell in cells), "outputs are not committed"
    for cell in cells:
        if cell["cell_type"] == "code":
            exec(compile("".join(cell["source"]), cell["id"], "exec"), names)

    results = names["results"]
    perplexities = [perplexity for perplexity, _, _ in results.values()]
    energies = [cost.energy for _, _, cost in results.values()]
    for sparsity, (perplexity, skipped, _) in results.items():
        assert skipped >= sparsity - 0.03
    # Skipping two thirds costs little, skipping most of it costs much, and every bit of it saves energy.
    assert perplexities[2] < 1.05 * perplexities[0] < perplexities[-1]
    assert energies == sorted(energies, reverse=True) and energies[2] < 0.75 * energies[0]
    left, right = names["figure"].axes
    assert len(left.lines[0].get_xdata()) == len(right.lines[0].get_xdata()) == len(results)
    assert capsys.readouterr().out.count("\n") >= len(results) + 2
    plt.close("all")
