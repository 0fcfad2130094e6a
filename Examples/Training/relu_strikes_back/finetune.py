"""Makes OPT sparse by training, the way of "ReLU Strikes Back" (Mirzadeh et al., arXiv 2310.04564), stage 2.

usage: finetune.py OUT.onnx --model MODEL.onnx --text TEXT --tokenizer TOKENIZER.json --steps N

A rectifier is put behind the norms that feed the layers' matrices, and all weights are trained on with it: AdamW, a rate that is warmed
up and falls linearly, products in bfloat16 where the processor has them. Writes an ONNX file, and prints the processor time that training
took. With --steps 0 the model is written as it was, without rectifiers.
"""
import argparse
import json
import pathlib
import time

import numpy as np
import torch
import torch.nn.functional as F
from data import Windows, documents
from opt import OPT, export, read


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--model", type=pathlib.Path, required=True)
    parser.add_argument("--text", type=pathlib.Path, required=True)
    parser.add_argument("--tokenizer", type=pathlib.Path, required=True)
    parser.add_argument("--steps", type=int, required=True)
    parser.add_argument("--heads", type=int, default=8)
    parser.add_argument("--rate", type=float, default=5e-4, help="the learning rate")
    parser.add_argument("--warmup", type=int, default=20, help="steps until the full rate")
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--window", type=int, default=256)
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


def train(model: OPT, data: Windows, arguments: argparse.Namespace) -> None:
    matrices = [parameter for parameter in model.parameters() if parameter.dim() == 2]
    vectors = [parameter for parameter in model.parameters() if parameter.dim() == 1]
    groups = [{"params": matrices, "weight_decay": 0.1}, {"params": vectors, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=arguments.rate, betas=(0.9, 0.98), fused=True)
    recent = []
    for step in range(arguments.steps):
        rate = min(1, (step + 1) / arguments.warmup) * (1 - step / arguments.steps)
        for group in optimizer.param_groups:
            group["lr"] = arguments.rate * rate
        # The other recipe's windows have the axes [time, batch].
        inputs, targets = (tokens.t() for tokens in data.batch(arguments.batch))
        loss = F.cross_entropy(model(inputs).flatten(0, 1), targets.flatten())
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        recent.append(loss.item())
        if (step + 1) % 50 == 0:
            print(f"step {step + 1} loss {np.mean(recent):.4f}", flush=True)
            recent = []


def main() -> None:
    arguments = parse()
    torch.set_num_threads(1)
    torch.set_float32_matmul_precision("medium")
    torch.manual_seed(arguments.seed)
    model = read(arguments.model, arguments.heads)
    seconds = 0.0
    if arguments.steps:
        data = Windows(np.concatenate(documents(arguments.text, arguments.tokenizer)), arguments.window, arguments.seed)
        start = time.process_time()
        model.rectify_norms()
        train(model, data, arguments)
        seconds = time.process_time() - start
    export(model, arguments.out)
    print(json.dumps({"steps": arguments.steps, "tokens": arguments.steps * arguments.batch * arguments.window, "processor_seconds": round(seconds, 1)}))


if __name__ == "__main__":
    main()
