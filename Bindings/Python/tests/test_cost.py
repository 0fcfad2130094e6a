"""What models cost, through libquell_import.so and the session's own counters."""

import math
import pathlib

import pytest
import quell

LIBRARY = pathlib.Path(quell._library._name).with_name("libquell_import.so")
needs_library = pytest.mark.skipif(not LIBRARY.is_file(), reason="libquell_import.so is not built")


@pytest.fixture
def path(data, tmp_path):
    file = tmp_path / "tiny.gguf"
    file.write_bytes(data)
    return file


def test_work_follows_from_events(model):
    session = model.session()
    session.prefill([1, 2, 3])
    work = session.work()
    counts = session.counts
    assert sum(work[f"mac_{kind}"] for kind in ("f32", "f16", "bf16", "int8", "int4")) == counts.effective_macs + counts.head_effective_macs
    assert work["emit_event"] == work["take_event"] == counts.events
    dense = session.work(dense=True)
    assert all(dense[kind] >= work[kind] for kind in work)
    assert dense["compare_input"] == work["compare_input"] == dense["emit_event"]


@needs_library
def test_costs_are_those_of_the_session_s_counts(model, path):
    tokens = [1, 2, 3, 4]
    session = model.session()
    for token in tokens:
        session.step(token)
    costs = quell.cost(path, tokens, device="seneca-poster")
    assert costs["caution"] == "modelled, not measured"
    assert costs["tokens"] == len(tokens)
    total = costs["totals"]["sparse"]
    effective = session.counts.effective_macs + session.counts.head_effective_macs
    assert math.isclose(total["effective_macs"], effective / len(tokens))
    assert 0 < total["energy_uj"] <= costs["totals"]["dense"]["energy_uj"]


@needs_library
def test_thresholds_and_switches_change_the_price(path):
    tokens = [1, 2, 3, 4]
    free = quell.cost(path, tokens, device="seneca", weights="int8")
    quiet = quell.cost(path, tokens, device="seneca", weights="int8", thresholds=1e9)
    assert quiet["totals"]["sparse"]["effective_macs"] == 0
    assert quiet["totals"]["natural"] == free["totals"]["natural"] == free["totals"]["sparse"]
    without = quell.cost(path, tokens, device="seneca", weights="int8", exclude=["head"])
    assert "head" not in without["components"]
    assert without["totals"]["sparse"]["energy_uj"] < free["totals"]["sparse"]["energy_uj"]
    single = quell.cost(path, tokens, device="seneca", weights="int8", grouped=False)
    assert single["totals"]["sparse"]["energy_memory_uj"] > free["totals"]["sparse"]["energy_memory_uj"]


@needs_library
def test_frames_have_a_row_for_each_name_and_case(path):
    pytest.importorskip("pandas")
    costs = quell.cost(path, [1, 2], device="seneca", weights="int8")
    frame = costs.frame("components")
    assert len(frame) == 3 * len(costs["components"])
    assert frame.loc[("linear", "sparse"), "energy_uj"] == costs["components"]["linear"]["sparse"]["energy_uj"]
    assert list(costs.frame("totals").index) == [("total", case) for case in costs["totals"]]
    with pytest.raises(ValueError):
        costs.frame("nothing")


@needs_library
def test_what_cannot_be_priced_is_refused(path, tmp_path):
    with pytest.raises(quell.UnsupportedError, match="no price for work of the kind"):
        quell.cost(path, [1], device="seneca-poster", include=["wkv", "gates"])
    with pytest.raises(quell.MalformedError, match="no value yet"):
        quell.cost(path, [1], device="loihi-like")
    profile = tmp_path / "profile.json"
    profile.write_text("{}")
    with pytest.raises(quell.MalformedError, match="'format' is missing"):
        quell.cost(path, [1], device=profile)
    with pytest.raises(quell.TokenOutOfRangeError):
        quell.cost(path, [10**6])
    with pytest.raises(ValueError):
        quell.cost(path, [])
    with pytest.raises(quell.FileUnreadableError):
        quell.cost(tmp_path / "missing.gguf", [1])
