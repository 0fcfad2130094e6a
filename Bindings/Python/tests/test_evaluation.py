import json
import pathlib

import numpy as np
import pytest
import quell
import tiny_model

ROOT = pathlib.Path(__file__).parents[3]
TEXT = (ROOT / "Examples" / "Texts" / "evaluation.txt").read_text(encoding="utf-8")


def reference(name):
    """Tokens, and the logits of ONNX Runtime after each of them."""
    folder = ROOT / "Examples" / "Models" / name / "reference"
    tokens = np.fromfile(folder / "tokens.u32", np.uint32).astype(int)
    return tokens, np.fromfile(folder / "logits.f32", np.float32).reshape(len(tokens), -1).astype(np.float64)


def logarithms(logits):
    return logits - logits.max(1, keepdims=True) - np.log(np.exp(logits - logits.max(1, keepdims=True)).sum(1, keepdims=True))


@pytest.mark.parametrize("name", ["rwkv4-tiny", "opt-tiny"])
def test_the_loss_is_that_of_the_reference_logits(shipped, name):
    model = shipped(name)
    tokens, logits = reference(name)
    text = model.tokenizer.decode_bytes(tokens[1:].tolist())
    surprises = -logarithms(logits)[np.arange(len(tokens) - 1), tokens[1:]]
    found = quell.evaluate(model, text)
    assert found.tokens == len(tokens) - 1
    assert found.loss == pytest.approx(surprises.mean(), abs=1e-4)
    assert found.loss_standard_error == pytest.approx(surprises.std(ddof=1) / np.sqrt(len(surprises)), abs=1e-4)
    assert found.perplexity == np.exp(found.loss)
    assert found.bits_per_byte == pytest.approx(found.loss * found.tokens / np.log(2) / len(text))
    assert found.kl is None and found.top1_agreement is None and found.reference_loss is None


def test_comparison_with_the_dense_model(shipped):
    model = shipped("rwkv4-tiny")
    tokens, dense = reference("rwkv4-tiny")
    text = model.tokenizer.decode_bytes(tokens[1:].tolist())
    session = model.session()
    session.thresholds = 0.4
    sparse = np.stack([session.step(token) for token in tokens[:-1]]).astype(np.float64)
    own, theirs = logarithms(sparse), logarithms(dense[:-1])
    divergences = (np.exp(theirs) * (theirs - own)).sum(1)
    found = quell.evaluate(model, text, 0.4, reference=model)
    assert found.kl.mean == pytest.approx(divergences.mean(), abs=1e-4)
    assert found.kl.percentile_99 == pytest.approx(np.quantile(divergences, 0.99), abs=1e-3)
    assert found.top1_agreement == (own.argmax(1) == theirs.argmax(1)).mean()
    assert found.reference_loss == pytest.approx(-theirs[np.arange(63), tokens[1:]].mean(), abs=1e-4)
    assert found.sparsity.macs == pytest.approx(session.counts.activation_sparsity)
    quiet = dict(zip((site.name for site in model.sites), 1 - session.site_events / 63 / [site.inputs for site in model.sites]))
    assert found.sparsity.sites == pytest.approx(quiet)


def test_windows_overlap_and_predict_once(shipped):
    model = shipped("opt-tiny")
    tokens, _ = reference("opt-tiny")
    text = model.tokenizer.decode_bytes(tokens[1:].tolist())
    total, predicted = 0.0, 0
    for start in range(0, 63, 10):
        if predicted < 63:
            scores = model.session().score(tokens[start : start + 25]).log_probabilities
            total -= scores[predicted - start :].sum(dtype=float)
            predicted = start + len(scores)
    found = quell.evaluate(model, text, context=24, stride=10)
    assert found.tokens == predicted == 63
    assert found.loss == pytest.approx(total / 63, abs=1e-5)


def test_impossible_evaluations_are_refused(shipped, model):
    rwkv = shipped("rwkv4-tiny")
    with pytest.raises(ValueError, match="would leave tokens out"):
        quell.evaluate(rwkv, "a", context=8, stride=9)
    with pytest.raises(ValueError, match="no tokens to predict"):
        quell.evaluate(rwkv, "")
    with pytest.raises(ValueError, match="vocabularies"):
        quell.evaluate(rwkv, "a", reference=model)


# ---- Adaptation to another domain ----


def test_adaptation_reaches_its_target_on_another_domain_at_no_loss(shipped):
    """Thresholds for tales, on the text of a licence: within 2 % of the target after 500 tokens, and as good as the same thresholds scaled
    once so that they skip as much of the new text."""
    model = shipped("rwkv4-tiny")
    tales = model.tokenizer.encode((ROOT / "Examples" / "Texts" / "calibration.txt").read_text(encoding="utf-8"))[:1000]
    tokens = model.tokenizer.encode((ROOT / "LICENSE").read_text())[:2001]
    sites, session = model.sites, model.session()

    def run(scale, target=None):
        session.thresholds = thresholds * scale
        session.adapt(target)
        losses, sparsities = [], []
        for start in range(0, 2000, 250):
            session.reset()
            session.reset_counts()
            losses.append(-session.score(tokens[start : start + 251]).log_probabilities)
            sparsities.append(session.counts.activation_sparsity)
        # The first 500 tokens are for learning.
        return np.concatenate(losses[2:]).mean(), np.mean(sparsities[2:]), sparsities[2]

    # Every site's 60 % quantile on the tales, by bisection over what is quiet there.
    thresholds = np.zeros(len(sites), np.float32)
    low, high = np.zeros(len(sites)), np.full(len(sites), 8.0)
    for _ in range(12):
        thresholds = ((low + high) / 2 * [not site.is_head for site in sites]).astype(np.float32)
        session.thresholds = thresholds
        session.reset()
        session.reset_counts()
        session.prefill(tales[:250])
        quiet = 1 - session.site_events / 250 / [site.inputs for site in sites]
        low, high = np.where(quiet < 0.6, (low + high) / 2, low), np.where(quiet < 0.6, high, (low + high) / 2)

    target = 0.7
    loss, mean, third = run(1, target)
    assert abs(third - target) < 0.02 and abs(mean - target) < 0.005
    # The same thresholds, scaled without adapting: the losses on either side of the target, and what lies between them.
    scales = np.array([1.0, 1.1, 1.2, 1.3, 1.45])
    fixed = np.array([run(scale)[:2] for scale in scales])
    assert fixed[0, 1] < target < fixed[-1, 1]
    assert loss < np.interp(mean, fixed[:, 1], fixed[:, 0]) + 0.01
