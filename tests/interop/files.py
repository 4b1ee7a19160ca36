"""Single files: checkpoints in every format, records, events."""

import json
import os

import numpy as np
import tensorflow as tf

from values import to_hex

v1 = tf.compat.v1


def described(value):
    value = np.asarray(value)
    if value.dtype == object:
        data = [bytes(element).hex() for element in value.ravel()]
    else:
        data = to_hex(value)
    return {"dtype": value.dtype.name, "shape": list(value.shape), "data": data}


def load_checkpoint(prefix):
    reader = tf.train.load_checkpoint(prefix)
    listed = tf.train.list_variables(prefix)
    return {name: described(reader.get_tensor(name)) for name, _ in listed}


def load_npz(path):
    with np.load(path) as archive:
        return {name: described(archive[name]) for name in archive.files}


SAFETENSORS = {"F32": "<f4", "F64": "<f8", "I64": "<i8", "I32": "<i4", "U8": "|u1", "BOOL": "|b1"}


def load_safetensors(path):
    """By the format's own description: a length, a header in JSON, the data."""
    with open(path, "rb") as file:
        content = file.read()
    start = 8 + int.from_bytes(content[:8], "little")
    found = {}
    for name, entry in json.loads(content[8:start]).items():
        first, end = (start + offset for offset in entry["data_offsets"])
        array = np.frombuffer(content[first:end], SAFETENSORS[entry["dtype"]])
        found[name] = described(array.reshape(entry["shape"]))
    return found


def save_npz(path, arrays):
    values = {name: np.array(value, dtype) for name, (dtype, value) in arrays.items()}
    np.savez(path, **values)
    return {name: described(value) for name, value in values.items()}


def example(x, label, name):
    feature = tf.train.Feature
    return tf.train.Example(features=tf.train.Features(feature={
        "x": feature(float_list=tf.train.FloatList(value=x)),
        "label": feature(int64_list=tf.train.Int64List(value=[label])),
        "name": feature(bytes_list=tf.train.BytesList(value=[name.encode()])),
    })).SerializeToString(deterministic=True)


def write_examples(path, compression, samples):
    with tf.io.TFRecordWriter(path, compression) as writer:
        for sample in samples:
            writer.write(example(**sample))
    return os.path.getsize(path)


def read_examples(path, compression):
    """What `tf.data` parses out of a file, and whether the records have TensorFlow's bytes."""
    features = {
        "x": tf.io.VarLenFeature(tf.float32),
        "label": tf.io.FixedLenFeature([], tf.int64),
        "name": tf.io.FixedLenFeature([], tf.string),
    }
    samples = []
    for record in tf.data.TFRecordDataset(path, compression):
        parsed = tf.io.parse_single_example(record, features)
        sample = {
            "x": tf.sparse.to_dense(parsed["x"]).numpy().tolist(),
            "label": int(parsed["label"]),
            "name": parsed["name"].numpy().decode(),
        }
        assert record.numpy() == example(**sample), sample
        samples.append(sample)
    return samples


def sequence(label, steps):
    feature = tf.train.Feature
    floats = [feature(float_list=tf.train.FloatList(value=step)) for step in steps]
    return tf.train.SequenceExample(
        context=tf.train.Features(feature={
            "label": feature(int64_list=tf.train.Int64List(value=[label]))}),
        feature_lists=tf.train.FeatureLists(feature_list={
            "x": tf.train.FeatureList(feature=floats)}),
    ).SerializeToString(deterministic=True)


def sequence_matches(record, label, steps):
    """Whether a record has TensorFlow's bytes, and parses to what was meant."""
    record = bytes.fromhex(record)
    context, lists = tf.io.parse_single_sequence_example(
        record, {"label": tf.io.FixedLenFeature([], tf.int64)},
        {"x": tf.io.FixedLenSequenceFeature([len(steps[0])], tf.float32)})
    parsed = int(context["label"]) == label and lists["x"].numpy().tolist() == steps
    return [record == sequence(label, steps), parsed]


LOGGED = [
    ("scalar", "loss", 0.75, 3),
    ("scalar", "scope/accuracy", -1e-9, 4),
    ("histogram", "weights", [0.5, -0.25, 0.5, 3.0, -7.5, 0.0, 1e-3], 5),
    ("histogram", "equal", [2.0, 2.0, 2.0], 6),
    ("histogram", "none", [], 7),
    ("text", "notes", "*fine* — tuned", 8),
]


def log_v2(folder):
    with tf.summary.create_file_writer(folder).as_default():
        for kind, tag, value, step in LOGGED:
            if kind == "histogram":
                value = tf.constant(value, tf.float64)
            getattr(tf.summary, kind)(tag, value, step=step)


def log_v1(folder):
    with tf.Graph().as_default(), v1.Session() as session:
        writer = v1.summary.FileWriter(folder)
        for kind, tag, value, step in LOGGED:
            if kind == "histogram":
                if not value:
                    # TensorFlow 1 refuses it.
                    continue
                value = tf.constant(value, tf.float64)
            scope, _, name = tag.rpartition("/")
            if kind == "text":
                value = tf.constant(value)
            with tf.name_scope(scope) if scope else tf.name_scope(""):
                summary = getattr(v1.summary, kind)(name, value)
            writer.add_summary(session.run(summary), step)
        writer.close()


def events(folder):
    (name,) = [name for name in os.listdir(folder) if "tfevents" in name]
    path = os.path.join(folder, name)
    return list(v1.train.summary_iterator(path))


def compare_events(ours, folder, dialect):
    """Logs the same in a folder with TensorFlow; where the events differ but for time."""
    {"v1": log_v1, "v2": log_v2}[dialect](folder)
    pairs = []
    found = [events(ours), events(folder)]
    for one in found:
        pairs.append([
            (event.step, value.tag, value.SerializeToString(deterministic=True))
            for event in one for value in event.summary.value
        ])
    version = [one[0].file_version for one in found]
    different = [str(pair) for pair in zip(*pairs) if pair[0] != pair[1]]
    assert version[0] == version[1], version
    return {"different": different, "counts": [len(pair) for pair in pairs]}


def in_tensorboard(folder):
    """What TensorBoard shows of a folder of logs."""
    from tensorboard.backend.event_processing import event_accumulator

    shown = event_accumulator.EventAccumulator(folder).Reload()
    tags = shown.Tags()
    found = {}
    for tag in tags["scalars"]:
        found[tag] = [[event.step, event.value] for event in shown.Scalars(tag)]
    for tag in tags["histograms"]:
        found[tag] = [[event.step, event.histogram_value.num] for event in shown.Histograms(tag)]
    for tag in tags["tensors"]:
        for event in shown.Tensors(tag):
            array = tf.make_ndarray(event.tensor_proto)
            if array.dtype == object:
                value = array.ravel()[0].decode()
            elif array.shape == ():
                value = float(array)
            else:
                value = float(array[:, 2].sum())
            found.setdefault(tag, []).append([event.step, value])
    return found
