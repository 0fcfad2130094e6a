"""Trains a MatMul-free model on a text, or goes on from a checkpoint, dense or with thresholds.

usage: train.py OUT.pt --text TEXT --tokenizer TOKENIZER.json --steps N [--from IN.pt] [--sparse 0.24] ...

The learning rate is warmed up, constant, and falls to nothing over the last --decay of the steps; a run that another is to go on from
has --decay 0. --sparse TARGET begins with the thresholds of the checkpoint, or with those that let TARGET of each site's inputs through
if it has none, and adds to the loss --sparsity-weight * (M / TARGET - 1)^2 wherever the part M of the multiply-accumulates that the
events need is above the target. With --teacher, what is to be predicted is, for the part --teacher-weight, what a trained RWKV-4 of the
same tokenizer expects at each place, and the token of the text for the rest (Hinton et al., arXiv 1503.02531, at a temperature of 1).

A run writes OUT.pt every --save-every steps; the same command again goes on from there.
"""
import argparse
import dataclasses
import os
import pathlib
import time

import numpy as np
import torch
import torch.nn.functional as F
from data import Windows, documents
from model import MatMulFree, Shape
from rwkv4 import RWKV4, Export


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--text", type=pathlib.Path, required=True)
    parser.add_argument("--tokenizer", type=pathlib.Path, required=True)
    parser.add_argument("--steps", type=int, required=True, help="steps of this run, in all")
    parser.add_argument("--from", dest="origin", type=pathlib.Path, help="the checkpoint to begin with")
    parser.add_argument("--sparse", type=float, metavar="TARGET", help="train thresholds to this part of all multiply-accumulates")
    parser.add_argument("--sparsity-weight", type=float, default=4.0)
    parser.add_argument("--teacher", type=pathlib.Path, metavar="MODEL.onnx", help="the export of an RWKV-4, such as that of Examples/Models")
    parser.add_argument("--teacher-weight", type=float, default=0.7)
    parser.add_argument("--rate", type=float, default=2e-3, help="the learning rate")
    parser.add_argument("--threshold-rate", type=float, default=0.02, help="the learning rate of thresholds, in steps of 8-bit integers")
    parser.add_argument("--warmup", type=int, default=150, help="steps until the full rate")
    parser.add_argument("--decay", type=float, default=0.5, help="the part of the steps in which the rate falls")
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--window", type=int, default=256)
    parser.add_argument("--minutes", type=float, default=float("inf"), help="stop after this time; the same command goes on")
    parser.add_argument("--save-every", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    for field in dataclasses.fields(Shape):
        parser.add_argument(f"--{field.name}", type=int, default=field.default)
    return parser.parse_args()


def tokens_of(text: pathlib.Path, tokenizer: pathlib.Path, beside: pathlib.Path) -> np.ndarray:
    """All tokens of a text, kept beside the checkpoint so that the next run need not make them again."""
    kept = beside.with_name(text.stem + ".tokens.npy")
    if not kept.exists():
        np.save(kept, np.concatenate(documents(text, tokenizer)))
    return np.load(kept)


@torch.no_grad()
def set_thresholds(model: MatMulFree, data: Windows, kept: float) -> None:
    """Puts every threshold where it lets this part of its site's inputs through, site after site, the ones before it working."""
    inputs, _ = data.batch(8)
    for site, _ in model.sites().values():
        seen = []
        hook = site.register_forward_hook(lambda module, arguments, result: seen.append(result[0]))
        model(inputs)
        hook.remove()
        site.threshold.theta.fill_(np.quantile(seen[0].abs().numpy(), 1 - kept))
        site.sparse = True


@torch.no_grad()
def expected(teacher: RWKV4, tokens: torch.Tensor) -> torch.Tensor:
    """The probabilities of every token at each place."""
    return teacher(tokens).softmax(-1)


def optimizer_of(model: MatMulFree, arguments: argparse.Namespace) -> torch.optim.Optimizer:
    groups: dict[tuple[float, float], list] = {}
    for name, parameter in model.named_parameters():
        rate = arguments.threshold_rate if name.endswith("threshold.theta") else arguments.rate
        decay = 0.1 if parameter.dim() == 2 and not name.startswith(("embedding", "bounds")) else 0.0
        groups.setdefault((rate, decay), []).append(parameter)
    parts = [{"params": members, "weight_decay": decay, "lr": rate, "full": rate} for (rate, decay), members in groups.items()]
    return torch.optim.AdamW(parts, betas=(0.9, 0.95), eps=1e-9, fused=True)


def main() -> None:
    arguments = parse()
    torch.set_num_threads(1)
    # In bfloat16 where the processor multiplies it, which is exact for the products of whole numbers; in single precision elsewhere.
    torch.set_float32_matmul_precision("medium")
    torch.manual_seed(arguments.seed)
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    shape = Shape(**{field.name: getattr(arguments, field.name) for field in dataclasses.fields(Shape)})
    data = Windows(tokens_of(arguments.text, arguments.tokenizer, arguments.out), arguments.window, arguments.seed)
    resume = torch.load(arguments.out, weights_only=False) if arguments.out.exists() else None
    origin = torch.load(arguments.origin, weights_only=False) if arguments.origin and not resume else None
    if resume or origin:
        shape = Shape(**(resume or origin)["shape"])
    model = MatMulFree(shape)
    if resume or origin:
        model.load_state_dict((resume or origin)["model"])
    if origin:
        data.random.bit_generator.state, data.queue = origin["data"]
    teacher = Export(arguments.teacher).model() if arguments.teacher else None
    optimizer = optimizer_of(model, arguments)
    first, seen = 0, origin["tokens"] if origin else 0
    if resume:
        optimizer.load_state_dict(resume["optimizer"])
        data.random.bit_generator.state, data.queue = resume["data"]
        first, seen = resume["step"], resume["tokens"]
    if arguments.sparse:
        if (resume or origin or {}).get("sparse"):
            model.make_sparse()
        else:
            set_thresholds(model, data, arguments.sparse)

    def save(step: int) -> None:
        saved = {
            "shape": dataclasses.asdict(shape),
            "sparse": bool(arguments.sparse),
            "model": model.state_dict(),
            "optimizer": optimizer.state_dict(),
            "data": (data.random.bit_generator.state, data.queue),
            "step": step,
            "tokens": seen,
        }
        temporary = arguments.out.with_suffix(".tmp")
        torch.save(saved, temporary)
        os.replace(temporary, arguments.out)

    print(vars(arguments), "parameters", sum(p.numel() for p in model.parameters()), flush=True)
    start, processor, recent = time.time(), time.process_time(), []
    for step in range(first, arguments.steps):
        left = (arguments.steps - step) / arguments.steps
        rate = min(1.0, (step + 1) / arguments.warmup) * (min(1.0, left / arguments.decay) if arguments.decay else 1.0)
        for group in optimizer.param_groups:
            group["lr"] = group["full"] * rate
        inputs, targets = data.batch(arguments.batch)
        logits = model(inputs).flatten(0, 1)
        loss = total = F.cross_entropy(logits, targets.flatten())
        if teacher:
            total = loss.lerp(F.cross_entropy(logits, expected(teacher, inputs).flatten(0, 1)), arguments.teacher_weight)
        if arguments.sparse:
            macs = model.effective_macs()
            total = total + arguments.sparsity_weight * (macs / arguments.sparse - 1).clamp(min=0).square()
        optimizer.zero_grad(set_to_none=True)
        total.backward()
        torch.nn.utils.clip_grad_norm_([p for p in model.parameters() if p.dim() > 0], 1.0)
        optimizer.step()
        for site, _ in model.sites().values():
            site.threshold.clamp_()
        seen += inputs.numel()
        recent.append((loss.item(), macs.item() if arguments.sparse else 1.0))
        if (step + 1) % 25 == 0:
            mean_loss, mean_macs = np.mean(recent, 0)
            spent = (time.process_time() - processor) / len(recent)
            print(f"step {step + 1} tokens {seen / 1e6:.2f}M loss {mean_loss:.4f} macs {mean_macs:.3f} cpu s/step {spent:.2f}", flush=True)
            processor, recent = time.process_time(), []
        if (step + 1) % arguments.save_every == 0:
            save(step + 1)
        if time.time() - start > arguments.minutes * 60:
            save(step + 1)
            return
    save(arguments.steps)


if __name__ == "__main__":
    main()
