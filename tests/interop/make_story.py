"""Makes a story's folder out of nothing, with TensorFlow 2.21 and TensorFlow Lite's reference kernels.

usage: make_story.py FOLDER [--random SEED ...]

Without --random the backbone has every kind of layer that a device runs, with strides, paddings and
activations that the real stories do not have (tests/data/stories/every_layer). With --random FOLDER gets a story a seed,
whose layers are drawn too, to hold the device's arithmetic against TensorFlow Lite's on new ground:
`GRADLET_STORY=FOLDER cargo test -p gradlet-tests --test stories`.
Weights and samples are drawn; nobody's data is in them.
"""

import argparse
import hashlib
import json
import os
import random

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import tensorflow as tf
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

keras, lite, v1 = tf.keras, tf.lite, tf.compat.v1
CLASSES = 4
GROUPS = {"finetune": 24, "test": 24, "source_test": 12}
ORDERS = {"replay": (0.01, 6, 5), "stream": (0.005, 1, 1)}  # learning rate, batch, epochs

EVERY_LAYER = {
    "input": [9, 8, 2],
    "per_channel": True,
    "layers": [
        {"op": "conv2d", "kernel": [3, 2], "channels": 5, "stride": [2, 1], "pad": "valid", "act": None},
        {"op": "avgpool", "pool": [2, 3], "stride": [1, 1], "pad": "same"},
        {"op": "depthwise_conv2d", "kernel": [2, 3], "multiplier": 2, "stride": [1, 1], "pad": "same", "act": "relu6"},
        {"op": "conv2d", "kernel": [3, 4], "channels": 7, "stride": [1, 1], "pad": "same", "act": "relu"},
        {"op": "maxpool", "pool": [3, 2], "stride": [2, 1], "pad": "same"},
        {"op": "avgpool", "pool": [1, 2]},
        {"op": "flatten"},
        {"op": "dense", "units": 15, "act": None},
        {"op": "dense", "units": 12, "act": "relu"},
    ],
}

README = """A synthetic story in the form of its neighbours: weights and samples are drawn, and no data set is
in it. Written by `tests/interop/make_story.py`, under the licence of the code. Its backbone has the
kinds of layers, strides, paddings and activations that the real stories leave out.
"""


def drawn(rng):
    """A backbone of two to six layers whose windows fit."""
    size = [rng.randint(4, 14), rng.randint(4, 14), rng.randint(1, 5)]
    model = {"input": list(size), "per_channel": rng.random() < 0.7, "layers": []}
    height, width, channels = size

    def window(kind, key, limit):
        nonlocal height, width
        kernel = [rng.randint(1, min(limit, height)), rng.randint(1, min(limit, width))]
        stride = [rng.randint(1, 3), rng.randint(1, 3)]
        if kind == "depthwise_conv2d":
            # TensorFlow's own kernels take no others on the CPU.
            stride = [stride[0]] * 2
        layer = {key: kernel, "stride": stride, "pad": rng.choice(["same", "valid"])}
        step = [(side + stride - (0 if layer["pad"] == "same" else k) - (layer["pad"] == "same")) // stride
                for side, stride, k in zip((height, width), layer["stride"], kernel)]
        height, width = step
        return layer

    for _ in range(rng.randint(1, 4)):
        act = rng.choice(["relu", "relu6", None])
        kind = rng.choice(["conv2d", "conv2d", "depthwise_conv2d", "maxpool", "avgpool"])
        if kind == "conv2d":
            channels = rng.randint(1, 9)
            model["layers"].append({"op": kind, "channels": channels, "act": act, **window(kind, "kernel", 5)})
        elif kind == "depthwise_conv2d":
            multiplier = rng.randint(1, 2)
            channels *= multiplier
            model["layers"].append({"op": kind, "multiplier": multiplier, "act": act, **window(kind, "kernel", 4)})
        else:
            model["layers"].append({"op": kind, **window(kind, "pool", 4)})
    model["layers"].append({"op": "flatten"})
    for _ in range(rng.randint(0, 2)):
        model["layers"].append({"op": "dense", "units": rng.randint(2, 30), "act": rng.choice(["relu", None])})
    return model


def keras_layer(layer, seed):
    """The Keras layer, with drawn weights."""
    draw = {
        "kernel_initializer": keras.initializers.HeNormal(seed),
        "bias_initializer": keras.initializers.RandomNormal(0, 0.1, seed),
    }
    strides, padding = layer.get("stride", layer.get("pool")), layer.get("pad", "valid")
    if layer["op"] == "conv2d":
        return keras.layers.Conv2D(
            layer["channels"], layer["kernel"], strides, padding, activation=layer["act"], **draw)
    if layer["op"] == "depthwise_conv2d":
        draw["depthwise_initializer"] = draw.pop("kernel_initializer")
        return keras.layers.DepthwiseConv2D(
            layer["kernel"], strides, padding, layer["multiplier"], activation=layer["act"], **draw)
    if layer["op"] == "dense":
        return keras.layers.Dense(layer["units"], activation=layer["act"], **draw)
    if layer["op"] == "flatten":
        return keras.layers.Flatten()
    pool = keras.layers.MaxPooling2D if layer["op"] == "maxpool" else keras.layers.AveragePooling2D
    return pool(layer["pool"], strides, padding)


class Writer:
    """Writes files into the folder and keeps their entries for the manifest."""

    def __init__(self, folder):
        self.folder, self.files = folder, {}
        os.makedirs(folder, exist_ok=True)

    def blob(self, name, content):
        open(os.path.join(self.folder, name), "wb").write(content)
        self.files[name] = {"bytes": len(content)}

    def array(self, name, values, dtype):
        values = np.ascontiguousarray(values, dtype)
        self.blob(name, values.tobytes())
        digest = hashlib.sha256(values.tobytes()).hexdigest()[:16]
        self.files[name] |= {"dtype": values.dtype.name, "shape": list(values.shape), "sha256": digest}


def samples(shape, rng):
    """Noisy prototypes: those of the source first, then those of a device on which all is shifted."""
    prototypes = rng.normal(size=(CLASSES, *shape))
    drift = 0.7 * rng.normal(size=(CLASSES, *shape))

    def group(count, shift):
        y = rng.permutation(np.arange(count) % CLASSES)
        return prototypes[y] + shift * drift[y] + 0.8 * rng.normal(size=(count, *shape)), y

    source = group(200, 0)
    groups = [group(count, name != "source_test") for name, count in GROUPS.items()]
    x, y = (np.concatenate(part) for part in zip(*groups))
    return source, (x.astype("float32"), y)


def convert(model, x, per_channel):
    """The int8 model, for one sample at a time."""
    one = tf.function(model).get_concrete_function(tf.TensorSpec([1, *x.shape[1:]], tf.float32))
    frozen = convert_variables_to_constants_v2(one)
    converter = lite.TFLiteConverter.from_concrete_functions([frozen])
    converter.optimizations = [lite.Optimize.DEFAULT]
    converter.representative_dataset = lambda: ([sample[None]] for sample in x)
    converter.target_spec.supported_ops = [lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = converter.inference_output_type = tf.int8
    converter._experimental_disable_per_channel = not per_channel
    converter._experimental_disable_per_channel_quantization_for_dense_layers = not per_channel
    return converter.convert()


def interpreter(flatbuffer):
    reference = lite.experimental.OpResolverType.BUILTIN_REF
    loaded = lite.Interpreter(model_content=flatbuffer, experimental_op_resolver_type=reference)
    loaded.allocate_tensors()
    return loaded


def graph(loaded):
    """The operators, the tensors that they touch, and the constants."""
    ops = [{"op": op["op_name"], "inputs": [int(i) for i in op["inputs"]], "outputs": [int(i) for i in op["outputs"]]}
           for op in loaded._get_ops_details()]
    touched = {index for op in ops for index in op["inputs"] + op["outputs"] if index >= 0}
    made = {index for op in ops for index in op["outputs"]} | {loaded.get_input_details()[0]["index"]}
    tensors, constants = [], b""
    for detail in loaded.get_tensor_details():
        if detail["index"] not in touched:
            continue
        quantization = detail["quantization_parameters"]
        tensor = {
            "index": detail["index"],
            "dtype": np.dtype(detail["dtype"]).name,
            "shape": [int(n) for n in detail["shape"]],
            "scales": [float(scale) for scale in quantization["scales"]],
            "zero_points": [int(zero) for zero in quantization["zero_points"]],
        }
        if detail["index"] not in made:
            content = loaded.get_tensor(detail["index"]).tobytes()
            tensor |= {"offset": len(constants), "bytes": len(content)}
            constants += content
        tensors.append(tensor)
    return {"ops": ops, "tensors": tensors}, constants


def described(layers, model):
    """The manifest's layers, and their float weights."""
    entries, weights = [], b""
    for layer, built in zip(layers, model.layers):
        entry = {key: layer[key] for key in ("op", "stride", "pad", "act", "pool") if key in layer}
        entry["out"] = [int(n) for n in built.output.shape[1:]]
        if built.weights:
            kernel, bias = (np.asarray(value, "<f4") for value in built.get_weights())
            entry |= {"w_shape": list(kernel.shape), "w_offset": len(weights)}
            weights += kernel.tobytes()
            entry["b_offset"] = len(weights)
            weights += bias.tobytes()
        entries.append(entry)
    return entries, weights


class Head:
    """A dense layer in TensorFlow 1's way, so that its Adam and its Saver are the ones to match."""

    def __init__(self, kernel, bias, learning_rate):
        self.graph = tf.Graph()
        with self.graph.as_default():
            self.x = v1.placeholder(tf.float32, [None, kernel.shape[0]])
            self.y = v1.placeholder(tf.int32, [None])
            with v1.variable_scope("head", use_resource=True):
                self.kernel = v1.get_variable("kernel", initializer=kernel)
                self.bias = v1.get_variable("bias", initializer=bias)
            step = v1.train.get_or_create_global_step()
            logits = self.x @ self.kernel + self.bias
            self.loss = tf.reduce_mean(v1.nn.sparse_softmax_cross_entropy_with_logits(labels=self.y, logits=logits))
            adam = v1.train.AdamOptimizer(learning_rate)
            self.train = adam.minimize(self.loss, global_step=step)
            self.slots = {name + letter: adam.get_slot(variable, slot)
                          for name, slot in (("m", "m"), ("v", "v"))
                          for letter, variable in (("w", self.kernel), ("b", self.bias))}
            self.powers = dict(zip(("beta1_power", "beta2_power"), adam._get_beta_accumulators()))
            self.predict = tf.argmax(logits, 1)
            self.saver = v1.train.Saver(max_to_keep=None)
            self.session = v1.Session()
            self.session.run(v1.global_variables_initializer())

    def step(self, x, y):
        return self.session.run([self.loss, self.train], {self.x: x, self.y: y})[0]

    def right(self, x, y):
        return int(np.sum(self.session.run(self.predict, {self.x: x}) == y))

    def save(self, place, number):
        with self.graph.as_default():
            self.saver.save(self.session, place, number, write_meta_graph=False)

    def value(self, what):
        return self.session.run(what)


def fine_tune(writer, tag, features, labels, groups, head0, order, learning_rate):
    """Trains as TensorFlow does; returns the manifest's result."""
    head = Head(*head0, learning_rate)
    place = os.path.join(writer.folder, f"ckpt_{tag}", "model.ckpt")
    os.makedirs(os.path.dirname(place), exist_ok=True)
    head.save(place, 0)
    losses = []
    for number, rows in enumerate(order):
        losses.append(head.step(features[rows], labels[rows]))
        if number == 0:
            head.save(place, 1)
    head.save(place, len(order))
    ref = lambda name, values: writer.array(f"ref_{tag}_{name}.f32.bin", values, "<f4")
    ref("w", head.value(head.kernel))
    ref("b", head.value(head.bias))
    for name, slot in head.slots.items():
        ref(name, head.value(slot))
    ref("loss", losses)
    share = {name: head.right(features[rows], labels[rows]) / len(rows) for name, rows in groups.items()}
    return {
        "lr": learning_rate,
        "batch": order.shape[1],
        "steps": len(order),
        "distinct_samples": len(set(order.ravel().tolist())),
        "after": share,
        "test_correct": head.right(features[groups["test"]], labels[groups["test"]]),
        "test_n": len(groups["test"]),
    } | {name: float(head.value(power)) for name, power in head.powers.items()}


def make(folder, seed, model):
    """Writes one story."""
    rng = np.random.default_rng(seed)
    writer = Writer(folder)

    backbone = keras.Sequential([keras.layers.Input(model["input"])])
    for number, layer in enumerate(model["layers"]):
        backbone.add(keras_layer(layer, 100 * seed + number))
    (source_x, source_y), (x, labels) = samples(model["input"], rng)
    flatbuffer = convert(backbone, x, model["per_channel"])
    loaded = interpreter(flatbuffer)
    here, there = loaded.get_input_details()[0], loaded.get_output_details()[0]
    (scale, zero), (feature_scale, feature_zero) = here["quantization"], there["quantization"]
    quantize = lambda x: np.clip(np.round(x / scale) + zero, -128, 127).astype("int8")
    raw = quantize(x)

    def int8_features(raw):
        rows = []
        for sample in raw:
            loaded.set_tensor(here["index"], sample[None])
            loaded.invoke()
            rows.append(loaded.get_tensor(there["index"]).ravel().copy())
        return np.array(rows)

    real = lambda q: (q.astype("float32") - np.float32(feature_zero)) * np.float32(feature_scale)
    f32 = lambda q: np.asarray(backbone((q.astype("float32") - np.float32(zero)) * np.float32(scale)))
    int8 = int8_features(raw)
    features = {"f32": f32(raw), "i8": real(int8)}

    shipped = Head(np.zeros((int8.shape[1], CLASSES), "f4"), np.zeros(CLASSES, "f4"), 0.01)
    source = f32(quantize(source_x))
    for _ in range(60):
        shipped.step(source, source_y)
    head0 = shipped.value(shipped.kernel), shipped.value(shipped.bias)

    starts = np.cumsum([0, *GROUPS.values()])
    groups = {name: np.arange(start, start + count) for (name, count), start in zip(GROUPS.items(), starts)}
    writer.blob("backbone_int8.tflite", flatbuffer)
    int8_graph, constants = graph(loaded)
    writer.blob("backbone_int8.bin", constants)
    layers, weights = described(model["layers"], backbone)
    writer.blob("backbone_f32.bin", weights)
    writer.array("x.i8.bin", raw, "i1")
    writer.array("y.u8.bin", labels, "u1")
    writer.array("feat_f32.bin", features["f32"], "<f4")
    writer.array("feat_i8.bin", int8, "i1")
    writer.array("head0_w.f32.bin", head0[0], "<f4")
    writer.array("head0_b.f32.bin", head0[1], "<f4")
    for name, rows in groups.items():
        writer.array(f"idx_{name}.u16.bin", rows, "<u2")

    results = {}
    for kind, values in features.items():
        start = Head(*head0, 0.01)
        results[kind] = {"before": {
            name: start.right(values[rows], labels[rows]) / len(rows) for name, rows in groups.items()}}
    for tag, (learning_rate, batch, epochs) in ORDERS.items():
        order = np.concatenate([rng.permutation(groups["finetune"]) for _ in range(epochs)]).reshape(-1, batch)
        writer.array(f"steps_{tag}.u16.bin", order, "<u2")
        for kind, values in features.items():
            results[kind][tag] = fine_tune(
                writer, f"{tag}_{kind}", values, labels, groups, head0, order, learning_rate)

    manifest = {
        "title": f"synthetic layers, seed {seed}",
        "story": "Drawn weights and samples; what matters is the arithmetic of the layers.",
        "licence": "synthetic: drawn by tests/interop/make_story.py, MIT OR Apache-2.0 like the code",
        "classes": list(range(CLASSES)),
        "input": {
            "shape": model["input"], "f32": "x = (q - in_zero)*in_scale", "in_scale": float(scale),
            "in_zero": int(zero), "tflite_scale": float(scale), "tflite_zero_point": int(zero),
        },
        "layers": layers,
        "feature": {"dim": int8.shape[1], "i8_scale": float(feature_scale), "i8_zero_point": int(feature_zero)},
        "int8_graph": int8_graph,
        "head": {"w": "[feature,class] row-major", "loss": "mean softmax cross entropy"},
        "adam": {"api": "tf.compat.v1.train.AdamOptimizer", "beta1": 0.9, "beta2": 0.999, "eps": 1e-08},
        "groups": GROUPS,
        "results": results,
        "tensorflow": tf.__version__,
        "files": writer.files,
    }
    open(os.path.join(folder, "README.md"), "w").write(README)
    json.dump(manifest, open(os.path.join(folder, "manifest.json"), "w"), separators=(",", ":"))
    kinds = " ".join(layer["op"] for layer in layers)
    print(f"{folder}: {kinds}: {int8.shape[1]} features of {len(np.unique(int8))} values")


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    arguments.add_argument("folder")
    arguments.add_argument("--random", type=int, nargs="+", metavar="SEED")
    arguments = arguments.parse_args()
    if arguments.random is None:
        make(arguments.folder, 21, EVERY_LAYER)
    for seed in arguments.random or []:
        make(os.path.join(arguments.folder, f"seed-{seed}"), seed, drawn(random.Random(seed)))


main()
