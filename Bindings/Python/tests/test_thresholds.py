import json

import numpy as np
import pytest
import quell
import tiny_model


@pytest.fixture
def document(model):
    sites = [{"name": site.name, "kind": site.kind, "theta": 0.25 * place, "sparsity": 0.5} for place, site in enumerate(model.sites)]
    return {"format": "quell-thresholds", "version": 1, "model_fingerprint": model.fingerprint, "sites": sites[::-1]}


def test_thresholds_come_in_the_order_of_the_sites(model, document, tmp_path):
    path = tmp_path / "t.json"
    path.write_text(json.dumps(document))
    thresholds = quell.load_thresholds(path, model)
    assert thresholds.dtype == np.float32 and thresholds.tolist() == [0, 0.25, 0.5, 0.75]
    session = model.session()
    session.thresholds = thresholds
    assert session.thresholds.tolist() == thresholds.tolist()


def test_models_carry_thresholds_and_tell_themselves_apart(model):
    other = quell.Model(tiny_model.write(tiny_model.make(thresholds=(0.5, 0.3, 0.7, 0.2))))
    assert [site.threshold for site in other.sites] == pytest.approx([0.5, 0.3, 0.7, 0.2])
    assert [site.threshold for site in model.sites] == [0, 0, 0, 0]
    # The fingerprint is that of program and weights: a threshold file for the one is good for the other.
    assert other.fingerprint == model.fingerprint and len(model.fingerprint) == 16


def refusal(model, tmp_path, text, kind=quell.MalformedError):
    path = tmp_path / "bad.json"
    path.write_text(text)
    with pytest.raises(kind) as caught:
        quell.load_thresholds(path, model)
    assert "bad.json" in str(caught.value)
    return str(caught.value)


def test_other_files_are_refused(model, document, tmp_path):
    for text in ("", '{"format":', "[" * 100_000):
        assert "it is not JSON" in refusal(model, tmp_path, text)
    assert "(character 11)" in refusal(model, tmp_path, '{"format": x}')
    assert "'version' stands twice" in refusal(model, tmp_path, '{"version": 1, "version": 1}')
    for text in ("[1]", "{}", '{"format": "other"}'):
        assert "its format is not" in refusal(model, tmp_path, text)
    assert "version 2" in refusal(model, tmp_path, json.dumps({**document, "version": 2}), quell.UnsupportedError)
    for fingerprint in ("0123456789abcdef", None, 3):
        assert "another model" in refusal(model, tmp_path, json.dumps({**document, "model_fingerprint": fingerprint}))
    for sites in (None, {}, [1], [{"theta": 1}]):
        assert "'sites' is not a list" in refusal(model, tmp_path, json.dumps({**document, "sites": sites}))
    with pytest.raises(FileNotFoundError):
        quell.load_thresholds(tmp_path / "none.json", model)


def test_sites_and_thetas_must_fit(model, document, tmp_path):
    def changed(change):
        sites = [dict(site) for site in document["sites"]]
        change(sites)
        return refusal(model, tmp_path, json.dumps({**document, "sites": sites}))

    assert "site 'head' of the model is missing" in changed(lambda sites: sites.pop(0))
    assert "site 'tail' is none of the model's" in changed(lambda sites: sites.append({"name": "tail", "theta": 0}))
    assert "site 'head' stands twice" in changed(lambda sites: sites.append(sites[0]))
    nan, inf = float("nan"), float("inf")
    for theta in (-0.5, -1e-30, -0.0, nan, inf, -inf, 1e39, 10**400, "0.5", None, True):
        assert "the theta of site 'head' is not a number" in changed(lambda sites: sites[0].update(theta=theta))
