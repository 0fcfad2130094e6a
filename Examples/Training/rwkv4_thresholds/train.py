"""Trains the thresholds of RWKV-4, alone or with its weights, from those that `quell calibrate` found.

usage: train.py OUT.json --model MODEL.onnx --thresholds START.json --text TEXT --tokenizer TOKENIZER.json --steps N --sparsity S [--weights OUT.onnx]

The loss is that of the predictions, and --sparsity-weight * (M / (1 - S) - 1)^2 wherever the part M of the multiply-accumulates that the
events need, the head's apart, is above 1 - S. With --weights all weights but those of the token shift are trained too, and written as an
export of their own, to which the thresholds then belong. With --sparsity 0 there are no thresholds, and the weights are trained alone.
"""
import argparse
import json
import pathlib
import time

import numpy as np
import quell
import quell.torch
import torch
import torch.nn.functional as F
from data import Windows, documents
from rwkv4 import Export


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=pathlib.Path)
    for name in ("model", "thresholds", "text", "tokenizer"):
        parser.add_argument(f"--{name}", type=pathlib.Path, required=True)
    parser.add_argument("--steps", type=int, required=True)
    parser.add_argument("--sparsity", type=float, required=True, help="the part of multiply-accumulates to skip")
    parser.add_argument("--weights", type=pathlib.Path, help="train weights as well, and write them here")
    parser.add_argument("--sparsity-weight", type=float, default=4.0)
    parser.add_argument("--rate", type=float, default=2e-4, help="the learning rate of weights")
    parser.add_argument("--threshold-rate", type=float, default=0.01, help="the learning rate of thresholds, in parts of each")
    parser.add_argument("--warmup", type=int, default=20, help="steps until the full rate")
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--window", type=int, default=256)
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


def main() -> None:
    arguments = parse()
    torch.set_num_threads(1)
    torch.manual_seed(arguments.seed)
    export = Export(arguments.model)
    model = export.model().train()
    data = Windows(np.concatenate(documents(arguments.text, arguments.tokenizer)), arguments.window, arguments.seed)
    sites = quell.torch.attach(model, arguments.thresholds) if arguments.sparsity else None
    # Thresholds lie orders of magnitude apart, and Adam's steps are as long as its rate: each has one in proportion.
    thetas = [{"params": [theta], "full": arguments.threshold_rate * float(theta)} for theta in sites.parameters()] if sites else []
    weights = [parameter for parameter in model.parameters() if parameter.requires_grad]
    if arguments.weights:
        thetas.append({"params": weights, "full": arguments.rate})
    else:
        for parameter in weights:
            parameter.requires_grad_(False)
    optimizer = torch.optim.AdamW(thetas, betas=(0.9, 0.98), weight_decay=0.0)
    recent, start = [], time.process_time()
    for step in range(arguments.steps):
        rate = min(1, (step + 1) / arguments.warmup) * (1 - step / arguments.steps)
        for group in optimizer.param_groups:
            group["lr"] = group["full"] * rate
        inputs, targets = data.batch(arguments.batch)
        loss = F.cross_entropy(model(inputs).flatten(0, 1), targets.flatten())
        macs = sites.macs() if sites else torch.tensor(1.0)
        excess = (macs / (1 - arguments.sparsity) - 1).clamp(min=0)
        optimizer.zero_grad(set_to_none=True)
        (loss + arguments.sparsity_weight * excess.square()).backward()
        torch.nn.utils.clip_grad_norm_(weights, 1.0)
        optimizer.step()
        if sites:
            sites.clamp_()
        recent.append((loss.item(), macs.item()))
        if (step + 1) % 25 == 0:
            mean_loss, mean_macs = np.mean(recent, 0)
            print(f"step {step + 1} loss {mean_loss:.4f} macs {mean_macs:.3f}", flush=True)
            recent = []
    seconds = time.process_time() - start
    fingerprint = None
    if arguments.weights:
        export.write(model, arguments.weights)
        imported = arguments.weights.with_suffix(".gguf")
        quell.import_onnx(arguments.weights, imported, tokenizer=arguments.tokenizer, weights="f16")
        with quell.Model(imported) as trained:
            fingerprint = trained.fingerprint
    if sites:
        sites.save(arguments.out, fingerprint)
    print(json.dumps({"steps": arguments.steps, "tokens": arguments.steps * arguments.batch * arguments.window, "processor_seconds": round(seconds, 1)}))


if __name__ == "__main__":
    main()
