"""Takes the demo's bundle through TensorFlow: load it, restore it, train on, check every value.

usage: demo.py BUNDLE_PREFIX STORY_FOLDER [MODE]

Prints `N passed, N failed`; exit code 1 if anything failed.
"""

import json
import os
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import tensorflow as tf

v1 = tf.compat.v1
prefix, story = sys.argv[1], sys.argv[2]
mode = sys.argv[3] if len(sys.argv) > 3 else "replay"
manifest = json.load(open(os.path.join(story, "manifest.json")))
result = manifest["results"]["i8"][mode]
passed = failed = 0


def check(promise, holds, found=""):
    global passed, failed
    passed, failed = passed + bool(holds), failed + (not holds)
    print("ok  " if holds else "FAIL", promise, found)


def array(name):
    entry = manifest["files"][name]
    return np.fromfile(os.path.join(story, name), entry["dtype"]).reshape(entry["shape"])


def reference(part):
    return array(f"ref_{mode}_i8_{part}.f32.bin")


# The bundle through `load_checkpoint`, against TensorFlow's own result of the same fine-tuning.
reader = tf.train.load_checkpoint(prefix)
shapes = reader.get_variable_to_shape_map()
check("the bundle holds the variables of the story",
      sorted(shapes) == sorted(manifest["checkpoint_tensors"]), sorted(shapes))
parts = {
    "head/kernel": "w", "head/kernel/Adam": "mw", "head/kernel/Adam_1": "vw",
    "head/bias": "b", "head/bias/Adam": "mb", "head/bias/Adam_1": "vb",
}
for name, part in parts.items():
    difference = np.abs(reader.get_tensor(name) - reference(part)).max()
    check(f"{name} is within 1e-5 of TensorFlow's", difference <= 1e-5, difference)
for name in ("beta1_power", "beta2_power"):
    expected = np.float32(result[name])
    check(f"{name} has TensorFlow's bits", reader.get_tensor(name) == expected)
steps = reader.get_tensor("global_step")
check("global_step counts the steps", steps == result["steps"] and steps.dtype == np.int64, steps)

quantization = manifest["feature"]
features = (array("feat_i8.bin").astype(np.float32) - quantization["i8_zero_point"])
features = features * np.float32(quantization["i8_scale"])
labels = array("y.u8.bin").astype(np.int64)
test = array("idx_test.u16.bin").astype(int)
predictions = [
    (features[test] @ kernel + bias).argmax(1)
    for kernel, bias in (
        (reader.get_tensor("head/kernel"), reader.get_tensor("head/bias")),
        (reference("w"), reference("b")),
    )
]
check("the device's head predicts as TensorFlow's", (predictions[0] == predictions[1]).all())
accuracy = np.mean(predictions[0] == labels[test])
check("its accuracy is the one that the story tells",
      abs(accuracy - result["after"]["test"]) < 1e-4, accuracy)
check("latest_checkpoint finds it",
      os.path.realpath(tf.train.latest_checkpoint(os.path.dirname(prefix)) or "")
      == os.path.realpath(prefix))


def graph():
    """A graph as a user of `tf.compat.v1` has it: a dense head and an AdamOptimizer."""
    classes = len(manifest["classes"])
    x = v1.placeholder(tf.float32, [None, quantization["dim"]])
    y = v1.placeholder(tf.int64, [None])
    with v1.variable_scope("head"):
        kernel = v1.get_variable("kernel", [quantization["dim"], classes])
        bias = v1.get_variable("bias", [classes])
    logits = tf.matmul(x, kernel) + bias
    loss = tf.reduce_mean(
        tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=logits))
    step = v1.train.get_or_create_global_step()
    adam = manifest["adam"]
    optimizer = v1.train.AdamOptimizer(result["lr"], adam["beta1"], adam["beta2"], adam["eps"])
    return x, y, loss, optimizer.minimize(loss, global_step=step)


def train(session, nodes, order):
    x, y, loss, minimize = nodes
    return [
        session.run([loss, minimize], {x: features[rows], y: labels[rows]})[0] for rows in order
    ]


# Restored by `Saver`, every variable has the device's bits; training goes on from there.
order = array(f"steps_{mode}.u16.bin").astype(int)[:20]
with tf.Graph().as_default(), v1.Session() as session:
    nodes = graph()
    saver = v1.train.Saver()
    saver.restore(session, prefix)
    for variable in v1.global_variables():
        name = variable.op.name
        value = session.run(variable)
        stored = reader.get_tensor(name)
        check(f"{name} restored with every bit", value.tobytes() == stored.tobytes())
    losses = train(session, nodes, order)
    continued = {variable.op.name: session.run(variable) for variable in v1.global_variables()}
check("global_step goes on", continued["global_step"] == steps + len(order))

# A run that started from TensorFlow's own result and did the same steps ends in the same place.
with tf.Graph().as_default(), v1.Session() as session:
    nodes = graph()
    saver = v1.train.Saver()
    saver.restore(session, os.path.join(story, f"ckpt_{mode}_i8", f"model.ckpt-{steps}"))
    difference = np.abs(np.subtract(train(session, nodes, order), losses)).max()
    check("the losses of further steps are those from TensorFlow's own checkpoint",
          difference <= 1e-4, difference)
    for variable in v1.global_variables():
        name = variable.op.name
        difference = np.abs(session.run(variable) - continued[name]).max()
        check(f"{name} after {len(order)} more steps as from TensorFlow's own checkpoint",
              difference <= 2e-5, difference)

print(f"{passed} passed, {failed} failed")
sys.exit(failed > 0)
