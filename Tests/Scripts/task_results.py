"""What the LM Evaluation Harness finds on the task files of Tests/QuellToolTests/Fixtures/Tasks, with the shipped models in ONNX Runtime.

usage: task_results.py        needs lm_eval (0.4.9 or newer), onnxruntime and tokenizers; writes results.json beside the task files

The tasks are the harness's own, taken out of the package, with local files in the place of the published ones. Of each document the
results hold the log-probability of every answer, and of each task the metrics.
"""

import json
import pathlib
import sys
import tempfile

import numpy as np
import tokenizers
import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
TASKS = ROOT / "Tests" / "QuellToolTests" / "Fixtures" / "Tasks"
sys.path.insert(0, str(ROOT / "Examples" / "Models"))

import lm_eval  # noqa: E402
from lm_eval.api.model import TemplateLM  # noqa: E402
from lm_eval.tasks import TaskManager  # noqa: E402
from onnx_step import END_OF_TEXT_ID, Stepper  # noqa: E402

DEFINITIONS = {
    "lambada": "lambada/lambada_openai.yaml",
    "piqa": "piqa/piqa.yaml",
    "hellaswag": "hellaswag/hellaswag.yaml",
    "winogrande": "winogrande/default.yaml",
    "arc": "arc/arc_easy.yaml",
}


class OnnxLM(TemplateLM):
    """A shipped model in ONNX Runtime; what is not defined here is the harness's."""

    def __init__(self, name: str) -> None:
        super().__init__()
        folder = ROOT / "Examples" / "Models" / name
        self.stepper = Stepper(folder / "model.onnx")
        self.encoder = tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json"))

    @property
    def eot_token_id(self) -> int:
        return END_OF_TEXT_ID

    def tok_encode(self, string: str, add_special_tokens: bool | None = None, **_) -> list[int]:
        return self.encoder.encode(string, add_special_tokens=False).ids

    def _loglikelihood_tokens(self, requests: list, **_) -> list[tuple[float, bool]]:
        results = []
        for _, context, continuation in requests:
            self.stepper.reset()
            total, is_greedy = 0.0, True
            for place, token in enumerate((context + continuation)[:-1]):
                logits = self.stepper.step(token).astype(np.float64)
                wanted = place + 1 - len(context)
                if wanted >= 0:
                    top = logits.max()
                    total += logits[continuation[wanted]] - top - np.log(np.exp(logits - top).sum())
                    is_greedy &= int(logits.argmax()) == continuation[wanted]
            results.append((float(total), is_greedy))
        return results

    def loglikelihood_rolling(self, requests: list, disable_tqdm: bool = False) -> list[float]:
        raise NotImplementedError

    def generate_until(self, requests: list, disable_tqdm: bool = False) -> list[str]:
        raise NotImplementedError


def documents(task: str) -> list[dict]:
    """The documents as the harness's copies of the data sets have them."""
    records = [json.loads(line) for line in (TASKS / f"{task}.jsonl").read_text(encoding="utf-8").splitlines()]
    if task == "piqa":
        labels = (TASKS / "piqa-labels.lst").read_text().split()
        return [{**record, "label": int(label)} for record, label in zip(records, labels, strict=True)]
    if task == "arc":
        return [
            {
                "id": record["id"],
                "question": record["question"]["stem"],
                "choices": {key: [choice[key] for choice in record["question"]["choices"]] for key in ("text", "label")},
                "answerKey": record["answerKey"],
            }
            for record in records
        ]
    return records


def local_tasks(folder: pathlib.Path) -> list[str]:
    """Writes definitions that include the harness's own and read local files; returns their names."""
    installed = pathlib.Path(lm_eval.__file__).parent / "tasks"
    for task, definition in DEFINITIONS.items():
        data = folder / f"{task}.jsonl"
        data.write_text("".join(json.dumps(document) + "\n" for document in documents(task)), encoding="utf-8")
        local = {
            "include": str(installed / definition),
            "task": f"local_{task}",
            "tag": [],
            "dataset_path": "json",
            "dataset_name": None,
            "dataset_kwargs": {"data_files": {"test": str(data)}},
            "training_split": None,
            "validation_split": None,
            "test_split": "test",
        }
        (folder / f"local_{task}.yaml").write_text(yaml.safe_dump(local))
    return [f"local_{task}" for task in DEFINITIONS]


def results(model: object) -> dict:
    """Metrics and log-probabilities by task."""
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        tasks = local_tasks(folder)
        manager = TaskManager(include_path=str(folder))
        found = lm_eval.simple_evaluate(model, tasks=tasks, task_manager=manager, log_samples=True, bootstrap_iters=0)
    by_task = {}
    for task in DEFINITIONS:
        metrics = found["results"][f"local_{task}"]
        samples = sorted(found["samples"][f"local_{task}"], key=lambda sample: sample["doc_id"])
        by_task[task] = {
            **{name: metrics[f"{name},none"] for name in ("acc", "acc_norm", "perplexity") if f"{name},none" in metrics},
            "documents": [
                {
                    "contexts": [context for context, _ in sample["arguments"]],
                    "continuations": [continuation for _, continuation in sample["arguments"]],
                    "log_probabilities": [round(float(response[0][0]), 5) for response in sample["resps"]],
                    "greedy": [bool(response[0][1]) for response in sample["resps"]],
                }
                for sample in samples
            ],
        }
    return by_task


def main() -> None:
    if len(sys.argv) != 1:
        sys.exit(__doc__)
    recorded = {
        "harness": lm_eval.__version__,
        "models": {name: results(OnnxLM(name)) for name in ("rwkv4-tiny", "opt-tiny")},
    }
    (TASKS / "results.json").write_text(json.dumps(recorded, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
