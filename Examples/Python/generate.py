"""Goes on with a text.

PYTHONPATH=Bindings/Python python3 Examples/Python/generate.py model.gguf "Once upon a time" 64
"""

import sys

import quell


def main() -> int:
    if not 4 <= len(sys.argv) <= 6:
        print("usage: generate.py model prompt count [temperature [seed]]", file=sys.stderr)
        return 2
    path, prompt, count, *rest = sys.argv[1:]
    temperature = float(rest[0]) if rest else 0.0
    seed = int(rest[1]) if len(rest) > 1 else 0
    try:
        with quell.Model(path) as model:
            print(prompt, end="")
            for token in model.generate(prompt, max_tokens=int(count), temperature=temperature, seed=seed):
                print(token.text, end="", flush=True)
            print()
    except quell.QuellError as error:
        print(f"generate.py: {error}", file=sys.stderr)
        return 1
    return 0


sys.exit(main())
