"""Records what TensorFlow computes of losses, and of heads with a hidden layer.

usage: heads.py FOLDER SEED CASES

Writes FOLDER/heads.json: CASES cases of every loss of `tf.compat.v1.losses` that Gradlet has, with
the gradient with respect to the outputs; and of two dense layers with every activation, with the
gradients of all variables, some of them regularized or clipped. All numbers come from SEED. The
last line is `N passed, N failed`.

`tests/data/heads/heads.json` is what `heads.py tests/data/heads 1 2` wrote.
"""

import json
import os
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import tensorflow as tf

folder, seed, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
random = np.random.default_rng(seed)
directions = np.random.default_rng(seed)
losses = tf.compat.v1.losses
f32 = np.float32
ROUNDING = f32(2**-24)
DIRECTIONS = 4
B, IN, HIDDEN, OUT = 3, 6, 5, 4


def normal(*shape, scale=1.0):
    return (random.standard_normal(shape) * scale).astype(f32)


def one_hot(labels):
    return np.eye(OUT, dtype=f32)[labels]


def probabilities():
    raw = random.random([B, OUT]).astype(f32)
    return (raw / raw.sum(axis=1, keepdims=True)).astype(f32)


def indices():
    return random.integers(0, OUT, B)


# name, loss(labels, outputs), vectors to label with
LOSSES = [
    ("softmax_cross_entropy", losses.softmax_cross_entropy, probabilities),
    ("sigmoid_cross_entropy", losses.sigmoid_cross_entropy, lambda: random.random([B, OUT]).astype(f32)),
    ("mean_squared_error", losses.mean_squared_error, lambda: normal(B, OUT, scale=3)),
    ("hinge", lambda labels, outputs: losses.hinge_loss(labels, outputs), lambda: one_hot(indices())),
    ("huber", lambda labels, outputs: losses.huber_loss(labels, outputs, delta=0.75),
     lambda: normal(B, OUT, scale=2)),
]


def labels_of(vectors, kind):
    """Labels for Gradlet and for TensorFlow."""
    if kind == "vector":
        vector = vectors()
        return dict(vectors=vector.tolist()), vector
    index = indices()
    return dict(classes=index.tolist()), one_hot(index)


def loss_case(name, loss, vectors, kind):
    outputs = tf.Variable(normal(B, OUT, scale=random.choice([0.1, 1, 10])))
    labels, dense = labels_of(vectors, kind)
    with tf.GradientTape() as tape:
        value = loss(dense, outputs)
    if name == "softmax_cross_entropy" and kind == "index":
        sparse = losses.sparse_softmax_cross_entropy(np.array(labels["classes"]), outputs)
        np.testing.assert_allclose(sparse.numpy(), value.numpy(), rtol=1e-6)
    return dict(loss=name, outputs=outputs.numpy().tolist(), labels=labels, value=float(value),
                gradient=tape.gradient(value, outputs).numpy().tolist())


ACTIVATIONS = dict(relu=tf.nn.relu, relu6=tf.nn.relu6, tanh=tf.nn.tanh, sigmoid=tf.nn.sigmoid)
PROCESSES = ["plain", "regularized", "clip_by_value", "clip_by_norm", "clip_by_global_norm"]


def process(kind, gradients):
    if kind == "clip_by_value":
        return [tf.clip_by_value(g, -0.05, 0.1) for g in gradients]
    if kind == "clip_by_norm":
        return [tf.clip_by_norm(g, 0.3) for g in gradients]
    if kind == "clip_by_global_norm":
        return tf.clip_by_global_norm(gradients, 0.5)[0]
    return gradients


def differentiate(activation, loss, processed, inputs, labels, variables, moved=(0.0, 0.0)):
    """The loss, the gradients of the variables, the hidden layer and the gradient of the outputs.

    The sums of the hidden layer and of the outputs are moved by `moved` before they are used.
    """
    with tf.GradientTape(persistent=True) as tape:
        sums = inputs @ variables["hidden/kernel"] + variables["hidden/bias"]
        hidden = ACTIVATIONS[activation](sums + moved[0])
        outputs = hidden @ variables["head/kernel"] + variables["head/bias"] + moved[1]
        value = loss(labels, outputs)
        total = value
        if processed == "regularized":
            penalty = tf.keras.regularizers.L1L2(l1=0.01, l2=0.02)
            total += penalty(variables["hidden/kernel"]) + penalty(variables["head/kernel"])
    gradients = process(processed, tape.gradient(total, list(variables.values())))
    return value, gradients, hidden, tape.gradient(value, outputs)


def mlp_case(activation, name, loss, vectors, kind, processed):
    inputs = normal(B, IN, scale=2)
    variables = {
        "hidden/kernel": tf.Variable(normal(IN, HIDDEN)), "hidden/bias": tf.Variable(normal(HIDDEN)),
        "head/kernel": tf.Variable(normal(HIDDEN, OUT)), "head/bias": tf.Variable(normal(OUT)),
    }
    magnitude = {key: np.abs(value.numpy()) for key, value in variables.items()}
    labels, dense = labels_of(vectors, kind)
    computed = lambda *moved: differentiate(
        activation, loss, processed, inputs, dense, variables, *moved)
    value, gradients, hidden, delta = computed()
    hidden, delta = np.abs(hidden), np.abs(delta)
    # What the sums of the gradients are made of, without cancellation.
    scale = max((hidden.T @ delta).max(),
                (np.abs(inputs).T @ (delta @ magnitude["head/kernel"].T)).max())
    # How far the results go when each sum before them is off by as much as its roundings may add.
    roundings = [
        (IN + 1) * ROUNDING * (np.abs(inputs) @ magnitude["hidden/kernel"] + magnitude["hidden/bias"]),
        (HIDDEN + 1) * ROUNDING * (hidden @ magnitude["head/kernel"] + magnitude["head/bias"]),
    ]
    carried = 0.0
    for _ in range(DIRECTIONS):
        moved = [(size * directions.choice([-1, 1], size.shape)).astype(f32) for size in roundings]
        moved_value, moved_gradients, _, _ = computed(moved)
        pairs = [(value, moved_value), *zip(gradients, moved_gradients)]
        carried = max(carried, *(np.abs(a - b).max() for a, b in pairs))
    return dict(activation=activation, loss=name, inputs=inputs.tolist(), labels=labels,
                variables={key: v.numpy().ravel().tolist() for key, v in variables.items()},
                process=processed, value=float(value), scale=float(scale), carried=float(carried),
                gradients={key: g.numpy().ravel().tolist() for key, g in zip(variables, gradients)})


recorded = dict(losses=[], mlps=[])
for _ in range(count):
    for name, loss, vectors in LOSSES:
        for kind in ("vector", "index"):
            recorded["losses"].append(loss_case(name, loss, vectors, kind))
    for activation in ACTIVATIONS:
        for processed in PROCESSES:
            name, loss, vectors = LOSSES[random.integers(len(LOSSES))]
            kind = ("vector", "index")[random.integers(2)]
            recorded["mlps"].append(mlp_case(activation, name, loss, vectors, kind, processed))
os.makedirs(folder, exist_ok=True)
with open(os.path.join(folder, "heads.json"), "w") as out:
    json.dump(recorded, out)
    out.write("\n")
print(f"{len(recorded['losses']) + len(recorded['mlps'])} passed, 0 failed")
