"""Trains what the small examples train, with TensorFlow, and compares every number.

usage: examples.py BUNDLES STORY LOGS

BUNDLES holds a bundle for each example (`mlp`, `momentum`, `sparse`), STORY is wand_digits, and LOGS the
tfevents of `telemetry`. Prints `N passed, N failed`; exit code 1 if anything failed.
"""

import json
import os
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import tensorflow as tf
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

v1 = tf.compat.v1
v1.disable_eager_execution()
bundles, story, logs = sys.argv[1:4]
manifest = json.load(open(os.path.join(story, "manifest.json")))
passed = failed = 0


def check(promise, holds, found=""):
    global passed, failed
    passed, failed = passed + bool(holds), failed + (not holds)
    print("ok  " if holds else "FAIL", promise, found)


def array(name):
    entry = manifest["files"][name]
    return np.fromfile(os.path.join(story, name), entry["dtype"]).reshape(entry["shape"])


def compare(name, session, bound):
    """Each variable of the graph against the tensor of its name in the example's bundle."""
    reader = tf.train.load_checkpoint(os.path.join(bundles, name))
    variables = {variable.op.name: variable for variable in v1.global_variables()}
    check(f"{name}: the bundle holds TensorFlow's variables",
          sorted(reader.get_variable_to_shape_map()) == sorted(variables))
    for key, variable in variables.items():
        value, stored = session.run(variable), reader.get_tensor(key)
        check(f"{name}: {key} has its shape", value.shape == stored.shape, stored.shape)
        difference = np.abs(value - stored).max()
        check(f"{name}: {key} is within {bound} of TensorFlow's", difference <= bound, difference)
    return reader


def samples():
    """Features as the device computes them, and labels."""
    quantization = manifest["feature"]
    features = array("feat_i8.bin").astype(np.float32) - quantization["i8_zero_point"]
    return features * np.float32(quantization["i8_scale"]), array("y.u8.bin").astype(np.int64)


def train(session, logits, x, optimizer, epochs):
    """Trains on the batches of the story, in their order."""
    features, labels = samples()
    y = v1.placeholder(tf.int64, [None])
    loss = tf.reduce_mean(
        tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=logits))
    step = v1.train.get_or_create_global_step()
    minimize = optimizer.minimize(loss, global_step=step)
    session.run(v1.global_variables_initializer())
    for _ in range(epochs):
        for rows in array("steps_replay.u16.bin").astype(int):
            session.run(minimize, {x: features[rows], y: labels[rows]})


def dense(scope, x, kernel, bias):
    with v1.variable_scope(scope):
        kernel = v1.get_variable("kernel", initializer=kernel)
        bias = v1.get_variable("bias", initializer=bias)
    return tf.matmul(x, kernel) + bias


def momentum():
    with tf.Graph().as_default(), v1.Session() as session:
        kernel, bias = array("head0_w.f32.bin"), array("head0_b.f32.bin")
        x = v1.placeholder(tf.float32, [None, kernel.shape[0]])
        optimizer = v1.train.MomentumOptimizer(0.03, 0.9, use_nesterov=True)
        train(session, dense("head", x, kernel, bias), x, optimizer, epochs=1)
        compare("momentum", session, 1e-5)


def mlp():
    def noise(rows, columns, seed):
        index = np.arange(rows * columns, dtype=np.uint64) + np.uint64(seed * 65536)
        mixed = (index * np.uint64(2654435761) % np.uint64(1 << 32)) >> np.uint64(8)
        weights = ((mixed % np.uint64(2048)).astype(np.float32) - 1024) / 4096
        return weights.reshape(rows, columns).astype(np.float32)

    features, units, classes = 48, 16, 10
    with tf.Graph().as_default(), v1.Session() as session:
        x = v1.placeholder(tf.float32, [None, features])
        zeros = lambda length: np.zeros(length, np.float32)
        hidden = tf.nn.relu(dense("hidden", x, noise(features, units, 1), zeros(units)))
        logits = dense("head", hidden, noise(units, classes, 2), zeros(classes))
        train(session, logits, x, v1.train.AdamOptimizer(0.01), epochs=5)
        # 1,000 steps of Adam carry a rounding on that falls near a zero of the ReLU.
        compare("mlp", session, 1e-4)


def sparse():
    songs, factors, steps = 64, 8, 120
    song, factor = np.mgrid[:songs, :factors]
    shipped = (((song * 37 + factor * 101 + 11) % 200 - 100) / 256).astype(np.float32)
    with tf.Graph().as_default(), v1.Session() as session:
        indices = v1.placeholder(tf.int64, [None])
        stars = v1.placeholder(tf.float32, [None])
        with v1.variable_scope("taste"):
            table = v1.get_variable("songs", initializer=shipped)
            user = v1.get_variable("user", initializer=np.full(factors, 0.25, np.float32))
        expected = tf.reduce_sum(tf.nn.embedding_lookup(table, indices) * user, axis=1)
        loss = tf.reduce_mean((expected - stars) ** 2)
        step = v1.train.get_or_create_global_step()
        optimizer = v1.train.AdagradOptimizer(0.1)
        gradients = optimizer.compute_gradients(loss)
        check("sparse: the table's gradient is IndexedSlices",
              isinstance(gradients[0][0], tf.IndexedSlices))
        minimize = optimizer.apply_gradients(gradients, global_step=step)
        session.run(v1.global_variables_initializer())
        for t in range(steps):
            rows = np.array([t * 17, t * 29 + 5, t * 5 + 2]) % (songs // 2) * 2
            rated = ((rows * 53 + 7) % 9) / 4 - 1
            session.run(minimize, {indices: rows, stars: rated})
        reader = compare("sparse", session, 1e-5)
    stored = reader.get_tensor("taste/songs")
    check("sparse: rows that were never rated are as shipped, bit for bit",
          stored[1::2].tobytes() == shipped[1::2].tobytes())


def telemetry():
    """TensorBoard's own reader finds TensorFlow's losses at their steps."""
    accumulator = EventAccumulator(logs, size_guidance={"tensors": 0, "scalars": 0}).Reload()
    tags = accumulator.Tags()["tensors"]
    check("telemetry: TensorBoard finds the curves",
          sorted(tags) == ["test/accuracy", "train/loss"], tags)
    curve = {tag: [(event.step, float(tf.make_ndarray(event.tensor_proto)))
                   for event in accumulator.Tensors(tag)] for tag in tags}
    reference = array("ref_replay_i8_loss.f32.bin")
    steps, losses = zip(*curve["train/loss"])
    check("telemetry: every step is a point, in order", list(steps) == list(range(len(reference))))
    difference = np.abs(np.subtract(losses, reference)).max()
    check("telemetry: the losses are TensorFlow's within 1e-5", difference <= 1e-5, difference)
    result = manifest["results"]["i8"]
    last_step, last = curve["test/accuracy"][-1]
    check("telemetry: the last accuracy is the one that the story tells",
          last_step == len(reference)
          and abs(last / 100 - result["replay"]["after"]["test"]) < 1e-4, (last_step, last))


mlp()
momentum()
sparse()
telemetry()
print(f"{passed} passed, {failed} failed")
sys.exit(failed > 0)
