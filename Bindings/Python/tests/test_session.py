import gc
import os
import subprocess
import sys

import numpy as np
import pytest
import quell
import tiny_model

ENVIRONMENT = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
TOKENS = [3, 299, 17, 17, 0, 42]


def test_logits_are_those_of_numpy(model, tiny):
    session = model.session()
    for token in TOKENS:
        logits = session.step(token)
        expected = tiny.step(token)
        assert logits.dtype == np.float32 and logits.shape == (tiny_model.VOCABULARY,)
        assert np.abs(logits - expected).max() < 2e-5
        assert logits.argmax() == expected.argmax()


def test_thresholds_quiet_inputs_and_events_are_counted():
    thresholds = (0.5, 0.3, 0.7, 0.2)
    tiny = tiny_model.make(thresholds=thresholds)
    session = quell.Model(tiny_model.write(tiny)).session()
    assert np.array_equal(session.thresholds, np.float32(thresholds))
    for token in TOKENS:
        assert np.abs(session.step(token) - tiny.step(token)).max() < 2e-5
    assert session.site_events.tolist() == tiny.events.tolist()
    assert 0 < tiny.events[0] < len(TOKENS) * tiny_model.WIDTH

    # Multiply-accumulates worked out from the sizes: up, down, the three of the attention, and apart from these the head.
    width, hidden = tiny_model.WIDTH, tiny_model.HIDDEN
    outputs = [hidden, width, 3 * width, tiny_model.VOCABULARY]
    counts = session.counts
    assert counts.tokens == len(TOKENS)
    assert counts.events == tiny.events.sum()
    assert counts.effective_macs == sum(int(e) * o for e, o in zip(tiny.events[:3], outputs[:3]))
    assert counts.dense_macs == len(TOKENS) * (2 * width * hidden + 3 * width * width)
    assert counts.head_effective_macs == int(tiny.events[3]) * outputs[3]
    assert counts.head_dense_macs == len(TOKENS) * width * tiny_model.VOCABULARY
    assert counts.activation_sparsity == 1 - counts.effective_macs / counts.dense_macs

    session.reset_counts()
    assert session.counts == quell.Counts(0, 0, 0, 0, 0, 0)
    assert session.cost == quell.Cost(0, 0, 0, 0)


def test_thresholds_can_be_assigned_as_numbers_or_arrays(model):
    session = model.session()
    session.thresholds = 0.25
    assert session.thresholds.tolist() == [0.25] * 4
    session.thresholds = [0, 1, 2, 3]
    assert session.thresholds.tolist() == [0, 1, 2, 3]
    for bad in (-1, [0, 0, 0, np.nan], np.inf, [1, 2]):
        with pytest.raises(ValueError):
            session.thresholds = bad
    assert session.thresholds.tolist() == [0, 1, 2, 3]
    assert model.session().thresholds.tolist() == [0] * 4


def test_cost_grows_with_the_events(model):
    session = model.session()
    session.prefill(TOKENS)
    dense = session.cost
    assert 0 < dense.energy <= dense.dense_energy
    session.reset()
    session.reset_counts()
    session.thresholds = 0.5
    session.prefill(TOKENS)
    sparse = session.cost
    assert sparse.dense_energy == dense.dense_energy
    assert sparse.energy < dense.energy and sparse.latency < dense.latency


def test_prefill_is_as_many_steps(model):
    stepped, filled = model.session(), model.session()
    for token in TOKENS:
        logits = stepped.step(token)
    assert np.array_equal(filled.prefill(TOKENS), logits)
    assert filled.position == len(TOKENS)


def test_prefill_that_fails_leaves_the_session_as_it_was(model):
    session = model.session()
    session.prefill(TOKENS)
    before = session.save()
    with pytest.raises(quell.TokenOutOfRangeError, match="token 300, number 1"):
        session.prefill([1, 300])
    with pytest.raises(quell.ContextFullError, match="7 tokens"):
        session.prefill([1] * 7)
    assert session.save() == before


def test_the_context_ends(model):
    session = model.session(context_length=2)
    assert session.capacity == 2
    session.step(1)
    last = session.step(2)
    with pytest.raises(quell.ContextFullError):
        session.step(3)
    assert np.array_equal(session.logits, last)
    with pytest.raises(quell.InvalidArgumentError, match="longer than the model's 12"):
        model.session(context_length=13)


def test_tokens_out_of_range(model):
    session = model.session()
    with pytest.raises(quell.TokenOutOfRangeError, match="token 300 "):
        session.step(300)
    for token in (-1, 2**32):
        with pytest.raises(ValueError):
            session.step(token)
    assert session.position == 0


def test_a_step_gives_a_copy_and_the_attribute_a_view(model):
    session = model.session()
    first = session.step(1)
    view = session.logits
    assert np.array_equal(view, first) and np.shares_memory(view, session.logits)
    assert not view.flags.writeable and first.flags.writeable
    with pytest.raises(ValueError):
        view[0] = 1
    kept = first.copy()
    second = session.step(2)
    assert np.array_equal(first, kept) and np.array_equal(view, second)
    # A view is sound when the session is long gone.
    session.close()
    with pytest.raises(ValueError, match="closed"):
        session.logits
    del session
    gc.collect()
    assert np.array_equal(view, second)


def test_going_on_in_a_session(tiny):
    with quell.Model(tiny_model.write(tiny, tiny_model.byte_tokenizer(), context=128)) as model:
        expected = [token.id for token in model.generate("the", max_tokens=8)]
        session = model.session()
        some = []
        for token in session.generate("the", max_tokens=8):
            some.append(token.id)
            if len(some) == 3:
                break
        # The session goes on from where it was left.
        more = [token.id for token in session.generate(max_tokens=5)]
        assert some + more == expected and len(expected) == 8
        with pytest.raises(ValueError, match="no tokens"):
            model.session().generate("")


def test_ctrl_c_leaves_a_usable_session(tmp_path):
    path = tmp_path / "tiny.gguf"
    path.write_bytes(tiny_model.write(tiny_model.make(), context=100_000))
    script = f"""
import os, signal, threading, quell
session = quell.Model({str(path)!r}).session()
threading.Timer(0.2, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
try:
    while True:
        session.reset()
        session.prefill([1, 2, 3] * 3000)
except KeyboardInterrupt:
    taken = session.position
    session.reset()
    print("interrupted", taken < 9000, float(session.prefill([3, 17]).argmax()) >= 0, session.position)
"""
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, env=ENVIRONMENT)
    assert result.stdout == "interrupted True True 2\n", result.stderr


def test_a_saved_state_goes_on(model):
    session = model.session()
    session.prefill(TOKENS[:3])
    state = session.save()
    expected = session.step(7)
    other = model.session(context_length=5)
    other.restore(state)
    assert other.position == 3
    assert np.array_equal(other.step(7), expected)


def test_a_damaged_state_is_refused(model):
    session = model.session()
    session.prefill(TOKENS)
    state = session.save()
    expected = session.logits.copy()
    for at in range(0, len(state), 7):
        damaged = bytearray(state)
        damaged[at] ^= 0x10
        with pytest.raises(quell.QuellError):
            session.restore(bytes(damaged))
    for length in (0, 3, 39, len(state) - 1):
        with pytest.raises(quell.StateMismatchError):
            session.restore(state[:length])
    assert session.position == len(TOKENS)
    with pytest.raises(quell.ContextFullError):
        model.session(context_length=2).restore(state)
    session.restore(state)
    assert np.array_equal(session.logits, expected)


def test_sessions_of_one_model_do_not_meet(model, tiny):
    sessions = [model.session() for _ in range(3)]
    for token in TOKENS:
        results = [session.step(token) for session in sessions[:2]]
        sessions[2].step(tiny_model.VOCABULARY - 1)
        assert np.array_equal(*results)
        assert np.abs(results[0] - tiny.step(token)).max() < 2e-5


def test_sampling_repeats_itself_and_keeps_to_the_likeliest(model):
    session = model.session()
    logits = session.prefill(TOKENS)
    assert session.sample(quell.Sampler()) == logits.argmax()

    def draws(seed):
        sampler = quell.Sampler(temperature=8, top_k=4, seed=seed)
        return [session.sample(sampler) for _ in range(200)]

    assert draws(5) == draws(5)
    assert draws(5) != draws(6)
    assert set(draws(5)) == set(np.argsort(-logits)[:4].tolist())


def test_sampling_follows_the_probabilities(model):
    session = model.session()
    logits = session.prefill(TOKENS).astype(np.float64)
    sampler = quell.Sampler(temperature=1, top_p=0.5, seed=3)
    chosen = np.bincount([session.sample(sampler) for _ in range(4000)], minlength=len(logits)) / 4000
    probabilities = np.exp(logits - logits.max())
    probabilities /= probabilities.sum()
    order = np.argsort(-probabilities)
    kept = order[: int(np.searchsorted(np.cumsum(probabilities[order]), 0.5)) + 1]
    expected = np.zeros(len(logits))
    expected[kept] = probabilities[kept] / probabilities[kept].sum()
    assert np.abs(chosen - expected).max() < 0.04
    assert set(np.flatnonzero(chosen)) <= set(kept)


def test_samplers_refuse_impossible_options(model):
    for options in ({"temperature": -1}, {"temperature": float("nan")}, {"top_p": 0}, {"top_p": 1.5}, {"top_k": -1}, {"seed": -1}):
        with pytest.raises(ValueError):
            quell.Sampler(**options)
    with pytest.raises(quell.InvalidArgumentError, match="step the session first"):
        model.session().sample(quell.Sampler())


def test_closing(model):
    session = model.session()
    with model.session() as other:
        other.step(1)
    assert other.closed
    with pytest.raises(ValueError, match="session is closed"):
        other.step(1)
    other.close()
    model.close()
    model.close()
    with pytest.raises(ValueError, match="model is closed"):
        model.session()
    with pytest.raises(ValueError, match="model is closed"):
        model.name
    # A session keeps what it needs of its model, the bytes in memory as well.
    del model
    gc.collect()
    assert np.isfinite(session.step(1)).all()
    assert session.thresholds.shape == (4,)


def test_threads_and_batches_change_no_logit(model):
    plain = model.session()
    plain.prefill(TOKENS)
    for threads, batch in ((1, 3), (2, 1), (3, 2)):
        session = model.session(threads=threads, batch=batch)
        session.prefill(TOKENS)
        assert np.array_equal(session.logits, plain.logits)
        session.close()
    with pytest.raises(quell.InvalidArgumentError):
        model.session(threads=1000)
    with pytest.raises(ValueError):
        model.session(batch=-1)


def log_probabilities(logits):
    wide = logits.astype(np.float64)
    wide -= wide.max(-1, keepdims=True)
    return wide - np.log(np.exp(wide).sum(-1, keepdims=True))


@pytest.mark.parametrize("batch", [1, 2, 4, 6])
def test_every_token_has_its_logits_and_its_score(model, tiny, batch):
    expected = np.stack([tiny.step(token) for token in TOKENS])
    stepped = model.session()
    rows = np.stack([stepped.step(token) for token in TOKENS])
    session = model.session(batch=batch)
    assert np.array_equal(session.all_logits(TOKENS), rows)
    assert session.save() == stepped.save() and np.array_equal(session.logits, rows[-1])
    # Unlike a prompt's, all logits were made, and counted.
    assert session.counts == stepped.counts

    session.reset()
    scores = session.score(TOKENS)
    reference = log_probabilities(expected)
    assert scores.log_probabilities.dtype == np.float32
    assert np.abs(scores.log_probabilities - reference[np.arange(5), TOKENS[1:]]).max() < 2e-5
    assert scores.greatest.tolist() == expected[:5].argmax(1).tolist()
    assert session.position == 5
    # The last token goes on where the others ended.
    assert session.score(TOKENS[-1:], [7]).log_probabilities[0] == pytest.approx(reference[5, 7], abs=2e-5)


def test_a_score_that_fails_leaves_the_session_as_it_was(model):
    session = model.session(batch=3)
    session.prefill(TOKENS)
    before = session.save()
    with pytest.raises(quell.TokenOutOfRangeError, match="token 300, number 1"):
        session.score([1, 2], [1, 300])
    with pytest.raises(quell.TokenOutOfRangeError, match="token 300, number 1"):
        session.all_logits([1, 300])
    with pytest.raises(quell.ContextFullError, match="7 tokens"):
        session.all_logits([1] * 7)
    with pytest.raises(ValueError, match="2 tokens and 1 targets"):
        session.score([1, 2], [1])
    assert session.save() == before
    assert len(session.score([]).greatest) == len(session.score([1]).greatest) == 0
    assert session.save() == before


def test_adaptation_follows_its_formula(model):
    """One step after the other, worked out from the events that were counted."""
    session = model.session()
    thresholds = np.float32([0.5, 0.3, 0.7, 0.2])
    session.thresholds = thresholds
    session.adapt(0.6, rate=0.5, lowest=0.5, highest=4)
    sites = model.sites
    factor, before = 1.0, np.zeros(4)
    for token in TOKENS:
        twin = model.session()
        twin.restore(session.save())
        twin.thresholds = thresholds * np.float32([factor, factor, factor, 1])
        assert np.array_equal(session.step(token), twin.step(token))
        events = session.site_events - before
        before = session.site_events.astype(float)
        effective = sum(events[site] * sites[site].outputs for site in range(3))
        dense = sum(sites[site].inputs * sites[site].outputs for site in range(3))
        factor = float(np.clip(factor * np.exp(0.5 * (0.6 - (1 - effective / dense))), 0.5, 4))
        assert session.adaptation.factor == pytest.approx(factor, rel=1e-5)
        factor = session.adaptation.factor
    assert factor != 1
    # What was learned goes on elsewhere; what was set stays what it is.
    learned = session.adaptation
    other = model.session()
    other.thresholds = thresholds
    other.adapt(*learned)
    assert other.adaptation == learned
    assert np.array_equal(session.thresholds, thresholds)
    session.adapt(None)
    assert session.adaptation is None
    plain = model.session()
    plain.thresholds = thresholds
    plain.restore(session.save())
    assert np.array_equal(session.step(9), plain.step(9))


def test_adaptation_never_leaves_its_bounds(model):
    for target, bound in ((1.0, 1.25), (0.0, 0.8)):
        session = model.session()
        session.thresholds = 0.4
        session.adapt(target, rate=1, lowest=0.8, highest=1.25)
        for token in range(12):
            session.step(token)
            assert 0.8 <= session.adaptation.factor <= np.float32(1.25)
        assert session.adaptation.factor == np.float32(bound)


def test_a_session_that_adapts_gives_the_same_whatever_its_batch(model):
    results = []
    for batch in (1, 4):
        session = model.session(batch=batch)
        session.thresholds = 0.3
        session.adapt(0.7, rate=1)
        results.append(session.all_logits(TOKENS))
    assert np.array_equal(*results)


def test_impossible_adaptations_are_refused(model):
    session = model.session()
    with pytest.raises(quell.InvalidArgumentError, match="all thresholds are 0"):
        session.adapt(0.6)
    session.thresholds = [0, 0, 0, 1]
    with pytest.raises(quell.InvalidArgumentError, match="all thresholds are 0"):
        session.adapt(0.6)
    session.thresholds = 0.3
    nan, inf = float("nan"), float("inf")
    for target in (-0.1, 1.1, nan):
        with pytest.raises(quell.InvalidArgumentError, match="target"):
            session.adapt(target)
    for options in ({"rate": 1.5}, {"lowest": 2, "highest": 1}, {"highest": inf}, {"factor": 9}, {"lowest": 2, "factor": 1}):
        with pytest.raises(quell.InvalidArgumentError):
            session.adapt(0.6, **options)
    for name in ("rate", "lowest", "highest", "factor"):
        for number in (0, -1, nan):
            with pytest.raises(ValueError, match=name):
                session.adapt(0.6, **{name: number})
    assert session.adaptation is None
