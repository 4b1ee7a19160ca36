"""Trains with Keras' AdamW and Adamax on random gradients and records what they did.

usage: keras_optimizers.py FOLDER SEED STEPS

Writes the files that optimizers.py writes. The last line is `N passed, N failed`.
"""

import os
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import tensorflow as tf

import trajectories

folder, seed, steps = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
random = np.random.default_rng(seed)
f32 = np.float32


def uniform(low, high):
    return float(f32(random.uniform(low, high)))


def log_uniform(low, high):
    return float(f32(np.exp(random.uniform(np.log(low), np.log(high)))))


def case(name, optimizer, slots, hyper, sparse):
    shape = [int(random.integers(1, 8)), int(random.integers(2, 12))]
    arrays = {}
    variable = tf.Variable(random.standard_normal(shape).astype(f32), name="w")
    keras = {key.replace("beta", "beta_"): value for key, value in hyper.items()}
    optimizer = optimizer(**keras)
    optimizer.build([variable])

    def record(time):
        arrays[f"{time}/w"] = variable.numpy()
        for number, slot in enumerate(slots(optimizer)):
            arrays[f"{time}/w/{name}" + (f"_{number}" if number else "")] = slot.numpy()

    # Each row once: Keras takes squares and magnitudes of duplicates before it sums them.
    touched = int(random.integers(1, shape[0] + 1))
    rows = [touched] if sparse else [shape[0]]
    arrays["grads"] = random.standard_normal([steps, *rows, shape[1]]).astype(f32)
    if sparse:
        order = [random.permutation(shape[0])[:touched] for _ in range(steps)]
        arrays["indices"] = np.array(order, np.int32)
    record("init")
    for step in range(steps):
        gradient = tf.constant(arrays["grads"][step])
        if sparse:
            gradient = tf.IndexedSlices(gradient, tf.constant(arrays["indices"][step]), shape)
        optimizer.apply([gradient], [variable])
        if step + 1 in (1, 2, 10, 100, steps):
            record(f"step{step + 1}")
    label = f"{name}_{'sparse' if sparse else 'dense'}_{len(index)}"
    return trajectories.write(folder, label, hyper, sparse, steps, arrays)


def betas():
    return dict(learning_rate=log_uniform(1e-4, 0.1), beta1=uniform(0.5, 0.95),
                beta2=uniform(0.9, 0.9999), epsilon=log_uniform(1e-8, 1e-3))


index = []
for _ in range(2):
    for sparse in (False, True):
        index.append(case("KerasAdamW", tf.keras.optimizers.AdamW,
                          lambda optimizer: optimizer._momentums + optimizer._velocities,
                          dict(weight_decay=log_uniform(1e-4, 0.1), **betas()), sparse))
        index.append(case("KerasAdaMax", tf.keras.optimizers.Adamax,
                          lambda optimizer: optimizer._m + optimizer._u, betas(), sparse))
trajectories.write_index(folder, index)
print(f"{len(index)} passed, 0 failed")
