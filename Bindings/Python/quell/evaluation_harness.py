"""The model `quell` for the LM Evaluation Harness [github.com/EleutherAI/lm-evaluation-harness].

The harness finds models that have been imported. Its own command line, with this one imported:

    python -m quell.evaluation_harness --model quell --model_args path=model.gguf,thresholds=thresholds.json --tasks piqa
"""

from typing import Any, Optional

from tqdm import tqdm

from .model import Model
from .sampling import Sampler
from .scoring import TextScorer
from .thresholds import load_thresholds

try:
    from lm_eval.api.model import LM
    from lm_eval.api.registry import register_model
except ImportError:
    raise ImportError("quell.evaluation_harness needs the LM Evaluation Harness: pip install lm_eval") from None


@register_model("quell")
class QuellLM(LM):
    """A model file as a model of the harness.

    path: the model file.
    thresholds: a file of thresholds for it, or nothing for the model's own.
    context: how many tokens are taken into account; 0 for the model's limit, or 2048 where it has none.
    threads: how many work on a step; the number changes no result.
    """

    def __init__(self, path: str, thresholds: Optional[str] = None, context: int = 0, threads: int = 1, **_: Any) -> None:
        # The harness also hands over a batch size and a device, which mean nothing here.
        super().__init__()
        self._path = path
        model = Model(path)
        found = load_thresholds(thresholds, model) if thresholds else None
        self._scorer = TextScorer(model, found, context_length=int(context), threads=int(threads))

    @property
    def tokenizer_name(self) -> str:
        """What tells apart the requests that the harness keeps for different tokenizers."""
        return self._path

    def loglikelihood(self, requests: list[Any], disable_tqdm: bool = False) -> list[tuple[float, bool]]:
        """ln of the probability of each continuation after its context, and whether it is the greedy one."""
        results = []
        for request in tqdm(requests, disable=disable_tqdm):
            results.append(self._scorer.log_likelihood(*request.args))
            self.cache_hook.add_partial("loglikelihood", request.args, results[-1])
        return results

    def loglikelihood_rolling(self, requests: list[Any], disable_tqdm: bool = False) -> list[float]:
        """ln of the probability of each text."""
        results = []
        for request in tqdm(requests, disable=disable_tqdm):
            results.append(self._scorer.rolling_log_likelihood(*request.args))
            self.cache_hook.add_partial("loglikelihood_rolling", request.args, results[-1])
        return results

    def generate_until(self, requests: list[Any], disable_tqdm: bool = False) -> list[str]:
        """Each context's continuation up to one of its stop texts."""
        results = []
        for request in tqdm(requests, disable=disable_tqdm):
            context, options = request.args
            until = options.get("until") or []
            samples = options.get("do_sample", False)
            sampler = Sampler(
                temperature=float(options.get("temperature", 1.0)) if samples else 0.0,
                top_k=int(options.get("top_k", 0)) if samples else 0,
                top_p=float(options.get("top_p", 1.0)) if samples else 1.0,
            )
            stops = [until] if isinstance(until, str) else list(until)
            results.append(self._scorer.generate(context, stops, int(options.get("max_gen_toks", 256)), sampler))
            self.cache_hook.add_partial("generate_until", request.args, results[-1])
        return results


if __name__ == "__main__":
    from lm_eval.__main__ import cli_evaluate

    cli_evaluate()
