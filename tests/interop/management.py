"""Directories that TensorFlow and Gradlet manage in turn, and MetaGraphs."""

import os

import tensorflow as tf
from tensorflow.core.protobuf import meta_graph_pb2

from values import to_hex

v1 = tf.compat.v1
COLLECTIONS = [
    "variables", "local_variables", "model_variables", "trainable_variables",
    "moving_average_variables",
]


def listing(folder):
    return sorted(os.listdir(folder))


def save_with_saver(folder, steps, max_to_keep, relative):
    """A process that starts anew: takes up what is there, then saves at each step."""
    with tf.Graph().as_default(), v1.Session() as session:
        w = v1.get_variable("w", initializer=tf.zeros([3]))
        saver = v1.train.Saver(max_to_keep=max_to_keep, save_relative_paths=relative)
        session.run(v1.global_variables_initializer())
        state = tf.train.get_checkpoint_state(folder)
        if state:
            saver.recover_last_checkpoints(state.all_model_checkpoint_paths)
            saver.restore(session, state.model_checkpoint_path)
        for step in steps:
            session.run(w.assign_add([1.0, 2.0, 3.0]))
            saver.save(session, os.path.join(folder, "model.ckpt"), global_step=step)
        return {
            "last": [os.path.basename(path) for path in saver.last_checkpoints],
            "latest": os.path.basename(tf.train.latest_checkpoint(folder)),
            "value": to_hex(session.run(w)),
            "files": listing(folder),
        }


def save_with_manager(folder, saves, max_to_keep):
    """The same with `CheckpointManager`."""
    w = tf.Variable(tf.zeros([3]), name="w")
    checkpoint = tf.train.Checkpoint(w=w)
    manager = tf.train.CheckpointManager(checkpoint, folder, max_to_keep)
    if manager.latest_checkpoint:
        checkpoint.restore(manager.latest_checkpoint).assert_consumed()
    for _ in range(saves):
        w.assign_add([1.0, 2.0, 3.0])
        manager.save()
    return {
        "last": [os.path.basename(path) for path in manager.checkpoints],
        "latest": os.path.basename(tf.train.latest_checkpoint(folder)),
        "value": to_hex(w),
        "files": listing(folder),
    }


def names(variables):
    return sorted(variable.op.name for variable in variables)


def import_and_go_on(meta, prefix, target):
    """A program that has only the `.meta` file: import, restore, count a step, save."""
    with tf.Graph().as_default(), v1.Session() as session:
        saver = v1.train.import_meta_graph(meta)
        saver.restore(session, prefix)
        restored = {v.op.name: to_hex(session.run(v)) for v in v1.global_variables()}
        step = v1.train.get_global_step()
        session.run(step.assign_add(1))
        saved = saver.save(session, target, global_step=step)
        return {
            "restored": restored,
            "collections": {name: names(v1.get_collection(name)) for name in COLLECTIONS},
            "prefix": saved,
        }


def program():
    """Variables in every collection, partitioned ones and a slot among them, on devices."""
    with v1.variable_scope("net"):
        with tf.device("/cpu:0"):
            kernel = v1.get_variable("kernel", initializer=tf.ones([6, 4]))
        v1.get_variable("scale", initializer=tf.ones([4]), use_resource=False)
        v1.get_variable(
            "table", [10, 2], partitioner=v1.fixed_size_partitioner(3),
            initializer=v1.zeros_initializer())
        mean = v1.get_variable(
            "mean", initializer=tf.zeros([4]), trainable=False,
            collections=[v1.GraphKeys.GLOBAL_VARIABLES, v1.GraphKeys.MODEL_VARIABLES])
        v1.get_variable("seen", initializer=0, collections=[v1.GraphKeys.LOCAL_VARIABLES])
    step = v1.train.get_or_create_global_step()
    average = v1.train.ExponentialMovingAverage(0.9)
    average.apply([kernel])
    gradients = [(tf.ones_like(kernel), kernel)]
    v1.train.MomentumOptimizer(0.1, 0.9).apply_gradients(gradients, global_step=step)
    return mean


def export(folder):
    """What `export_meta_graph` writes of one graph with each of its options."""
    options = {
        "plain": {},
        "text": {"as_text": True},
        "cleared": {"clear_devices": True},
        "scoped": {"export_scope": "net"},
    }
    written = {name: os.path.join(folder, f"{name}.meta") for name in options}
    with tf.Graph().as_default():
        program()
        saver = v1.train.Saver()
        for name, how in options.items():
            if name == "scoped":
                v1.train.export_meta_graph(written[name], **how)
            else:
                saver.export_meta_graph(written[name], **how)
        collections = {name: names(v1.get_collection(name)) for name in COLLECTIONS}
        shapes = {v.op.name: v.shape.as_list() for v in v1.global_variables()}
    return {"files": written, "collections": collections, "shapes": shapes}


def parsed(path):
    meta = meta_graph_pb2.MetaGraphDef()
    with open(path, "rb") as file:
        content = file.read()
    try:
        meta.ParseFromString(content)
    except Exception:
        from google.protobuf import text_format

        text_format.Parse(content.decode(), meta)
    return meta


def compare_meta(ours, theirs):
    """Where two MetaGraphs differ in nodes, their devices, or the variables of collections."""
    ours, theirs = parsed(ours), parsed(theirs)
    nodes = [{(n.name, n.op, tuple(n.input), n.device) for n in m.graph_def.node}
             for m in (ours, theirs)]
    variables = [
        {(name, value) for name in COLLECTIONS if name in m.collection_def
         for value in m.collection_def[name].bytes_list.value}
        for m in (ours, theirs)
    ]
    return {
        "nodes": sorted(map(str, nodes[0] ^ nodes[1])),
        "variables": sorted(map(str, variables[0] ^ variables[1])),
    }


def imports(path):
    """Names of the variables of an imported MetaGraph, and the devices of its nodes."""
    with tf.Graph().as_default() as graph:
        v1.train.import_meta_graph(path)
        devices = sorted({operation.device for operation in graph.get_operations()} - {""})
        return {"variables": names(v1.global_variables()), "devices": devices}
