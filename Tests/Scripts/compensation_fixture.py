"""Makes Tests/QuellCalibrationTests/Fixtures/fit.json: a least-squares fit of weights to thresholded inputs, by NumPy in double
precision, from the definition. usage: compensation_fixture.py OUTPUT"""
import json
import sys

import numpy as np

TOKENS, INPUTS, OUTPUTS, THRESHOLD, RIDGE, POWER = 60, 7, 5, 0.8, 0.01, 1.4

generator = np.random.default_rng(7)
mix = generator.normal(size=(INPUTS, INPUTS))
inputs = generator.normal(size=(TOKENS, INPUTS)) @ mix * 0.5 + generator.normal(size=INPUTS) * 0.3
weights = generator.normal(size=(INPUTS, OUTPUTS))
bias = generator.normal(size=OUTPUTS)
centre = generator.normal(size=INPUTS) * 0.2
inputs, weights, bias, centre = (np.float32(a).astype(float) for a in (inputs, weights, bias, centre))

x = inputs - centre
sent = np.where(abs(x) > THRESHOLD, x, 0)
held = x - sent
y, z = sent - sent.mean(0), held - held.mean(0)
gram = y.T @ y / TOKENS
guess = (z.T @ y / TOKENS) @ np.linalg.inv(gram + RIDGE * np.trace(gram) / INPUTS * np.eye(INPUTS))  # held ~ guess @ sent
fitted = weights + guess.T @ weights
fitted_bias = bias + (centre + held.mean(0) - guess @ sent.mean(0)) @ weights

# A rectifier follows: the mean of the square of what passes is to be that of the true outputs, their deviations by a power nearer to
# the true ones or beyond.
wanted, found = inputs @ weights + bias, sent @ fitted + fitted_bias
deviations = np.clip((wanted.std(0) / found.std(0)) ** POWER, 0.5, 2) * found.std(0)
passing = (np.maximum(wanted, 0) ** 2).mean(0)

with open(sys.argv[1], "w") as file:
    json.dump(
        {
            "threshold": THRESHOLD, "inputs": inputs.tolist(), "weights": weights.tolist(), "bias": bias.tolist(),
            "centre": centre.tolist(), "fitted": fitted.tolist(), "fittedBias": fitted_bias.tolist(),
            "deviations": deviations.tolist(), "passing": passing.tolist(),
        },
        file)
