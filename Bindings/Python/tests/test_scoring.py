"""Against what the LM Evaluation Harness found with ONNX Runtime, as Tests/Scripts/task_results.py has recorded it."""

import json
import os
import pathlib
import subprocess
import sys

import pytest
from quell.scoring import TextScorer

ROOT = pathlib.Path(__file__).parents[3]
TASKS = ROOT / "Tests" / "QuellToolTests" / "Fixtures" / "Tasks"
RESULTS = json.loads((TASKS / "results.json").read_text(encoding="utf-8"))["models"]


@pytest.mark.parametrize("task", ["lambada", "piqa", "hellaswag", "winogrande", "arc"])
def test_log_likelihoods_are_those_of_the_harness(shipped, task):
    for name, results in RESULTS.items():
        scorer = TextScorer(shipped(name))
        for document in results[task]["documents"]:
            for number, (context, continuation) in enumerate(zip(document["contexts"], document["continuations"])):
                probability, is_greedy = scorer.log_likelihood(context, continuation)
                assert probability == pytest.approx(document["log_probabilities"][number], abs=2e-3)
                assert is_greedy == document["greedy"][number]


def test_contexts_that_are_too_long_lose_their_beginning(shipped):
    model = shipped("rwkv4-tiny")
    scorer = TextScorer(model, context_length=12)
    assert scorer.longest == 12
    text = "The miller said to the king that his daughter could spin straw into gold, and the king was glad"
    tokens = model.tokenizer.encode(text)
    for words in (1, 3, 9):
        context, continuation = text.rsplit(" ", words)[0], text[len(text.rsplit(" ", words)[0]) :]
        length = len(tokens) - len(model.tokenizer.encode(context))
        # 12 tokens are taken, of which the last ones predict the continuation.
        expected = model.session().score(tokens[-13:]).log_probabilities[-length:].sum()
        assert len(tokens) > 13 and length <= 12
        assert scorer.log_likelihood(context, continuation)[0] == pytest.approx(expected, abs=1e-4)
    for continuation in (text, ""):
        with pytest.raises(ValueError, match="1 to 12 can be scored"):
            scorer.log_likelihood("a", continuation)


def test_rolling_windows_predict_every_token_once(shipped):
    model = shipped("rwkv4-tiny")
    scorer = TextScorer(model, context_length=12)
    text = "The miller said to the king that his daughter could spin straw into gold, and the king was very glad of that, and of the gold"
    tokens = model.tokenizer.encode(text)[:30]
    text = model.tokenizer.decode(tokens)
    assert len(model.tokenizer.encode(text)) == 30 > 24
    # Two windows of 12, and a third that takes as much as it can before the 6 tokens that are left.
    first = model.session().score([model.tokenizer.end] + tokens[:12]).log_probabilities.sum()
    second = model.session().score(tokens[11:24]).log_probabilities.sum()
    third = model.session().score(tokens[17:30]).log_probabilities[-6:].sum()
    assert scorer.rolling_log_likelihood(text) == pytest.approx(first + second + third, abs=1e-3)
    assert scorer.rolling_log_likelihood("") == 0


def test_generation_ends_at_the_first_stop(shipped):
    model = shipped("rwkv4-tiny")
    scorer = TextScorer(model)
    greedy = json.loads((ROOT / "Examples/Models/rwkv4-tiny/reference/greedy.json").read_text())
    whole = greedy["text"][len(greedy["prompt"]) :]
    assert scorer.generate(greedy["prompt"], max_tokens=64) == whole
    stop = whole[20:24]
    assert scorer.generate(greedy["prompt"], ["never there", stop, whole[40:46]], 64) == whole[: whole.index(stop)]
    assert len(model.tokenizer.encode(scorer.generate(greedy["prompt"], max_tokens=3))) == 3
    with pytest.raises(ValueError, match="leave no room"):
        TextScorer(shipped("opt-tiny")).generate("x", max_tokens=256)


def test_thresholds_apply(shipped):
    dense, sparse = TextScorer(shipped("rwkv4-tiny")), TextScorer(shipped("rwkv4-tiny"), 0.5)
    question = ("The king said", " nothing")
    assert dense.log_likelihood(*question)[0] != sparse.log_likelihood(*question)[0]


# ---- The harness itself, where it is installed ----


def test_the_harness_runs_the_model(shipped, tmp_path):
    """Its command line, with its own task on a local file."""
    lm_eval = pytest.importorskip("lm_eval")
    path = tmp_path / "model.gguf"
    path.write_bytes(pathlib.Path(shipped.path("rwkv4-tiny")).read_bytes())
    definition = pathlib.Path(lm_eval.__file__).parent / "tasks" / "winogrande" / "default.yaml"
    (tmp_path / "local.yaml").write_text(
        f"include: {definition}\ntask: local_winogrande\ndataset_path: json\ndataset_name: null\n"
        f"dataset_kwargs:\n  data_files:\n    test: {TASKS / 'winogrande.jsonl'}\n"
        "training_split: null\nvalidation_split: null\ntest_split: test\n"
    )
    command = [sys.executable, "-m", "quell.evaluation_harness", "--model", "quell", "--model_args", f"path={path}"]
    options = ["--tasks", "local_winogrande", "--include_path", str(tmp_path), "--output_path", str(tmp_path / "out.json")]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "Bindings" / "Python"), "HF_HUB_OFFLINE": "1"}
    done = subprocess.run(command + options, capture_output=True, text=True, cwd=tmp_path, env=environment)
    assert done.returncode == 0, done.stderr[-2000:]
    written = json.loads(next(tmp_path.glob("out*.json")).read_text())
    assert written["results"]["local_winogrande"]["acc,none"] == RESULTS["rwkv4-tiny"]["winogrande"]["acc"]


def test_the_registered_model_answers_all_requests(shipped):
    pytest.importorskip("lm_eval")
    from lm_eval.api.instance import Instance
    from lm_eval.api.registry import get_model
    import quell.evaluation_harness  # noqa: F401

    model = get_model("quell").create_from_arg_string(f"path={shipped.path('rwkv4-tiny')},threads=2", {"batch_size": 1})

    def ask(kind, *arguments):
        return Instance(request_type=kind, doc={}, arguments=arguments, idx=0)

    scorer = TextScorer(shipped("rwkv4-tiny"))
    assert model.loglikelihood([ask("loglikelihood", "The king", " said")]) == [scorer.log_likelihood("The king", " said")]
    assert model.loglikelihood_rolling([ask("loglikelihood_rolling", "Once upon")]) == [scorer.rolling_log_likelihood("Once upon")]
    options = {"until": ["\n"], "max_gen_toks": 20, "do_sample": False}
    assert model.generate_until([ask("generate_until", "Once upon a time", options)]) == [
        scorer.generate("Once upon a time", ["\n"], 20)
    ]
