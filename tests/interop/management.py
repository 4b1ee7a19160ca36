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


def save_at_intervals(folder, interval, steps, forced):
    """Which of the steps a manager with an interval saved."""
    step, w = tf.Variable(0, dtype=tf.int64, name="step"), tf.Variable(0.0, name="w")
    manager = tf.train.CheckpointManager(
        tf.train.Checkpoint(w=w, step=step), folder, 3, step_counter=step,
        checkpoint_interval=interval)
    restored = manager.restore_or_initialize()
    saved = []
    for number in steps:
        step.assign(number)
        path = manager.save(check_interval=number not in forced)
        saved.append(os.path.basename(path) if path else None)
    return {"restored": os.path.basename(restored) if restored else None, "saved": saved}


def errors(folder):
    """Class and text of what TensorFlow raises for mistakes; by name."""
    raised = {}

    def attempt(name, action):
        try:
            action()
            raised[name] = None
        except Exception as error:
            text = getattr(error, "message", None) or str(error)
            raised[name] = [type(error).__name__, text]

    def at(name):
        return os.path.join(folder, name)

    with tf.Graph().as_default(), v1.Session() as session:
        v1.get_variable("w", initializer=tf.zeros([3]))
        session.run(v1.global_variables_initializer())
        saver = v1.train.Saver()
        saver.save(session, at("m"))
        attempt("no checkpoint", lambda: saver.restore(session, at("nothing")))
        attempt("state name", lambda: saver.save(session, at("checkpoint")))
        attempt("state folder", lambda: saver.save(session, at("m"), latest_filename="a/b"))
        open(at("file"), "w").close()
        attempt("no parent", lambda: saver.save(session, at("file/m")))
    with tf.Graph().as_default(), v1.Session() as session:
        v1.get_variable("v", initializer=tf.zeros([3]))
        saver = v1.train.Saver()
        attempt("missing", lambda: saver.restore(session, at("m")))
    with tf.Graph().as_default(), v1.Session() as session:
        v1.get_variable("w", initializer=tf.zeros([4]), use_resource=False)
        saver = v1.train.Saver()
        attempt("shape", lambda: saver.restore(session, at("m")))
    with tf.Graph().as_default():
        attempt("empty", lambda: v1.train.Saver())
    checkpoint = tf.train.Checkpoint(w=tf.Variable([1.0, 2.0]))
    attempt("keep none", lambda: tf.train.CheckpointManager(checkpoint, folder, 0))
    attempt("no counter", lambda: tf.train.CheckpointManager(
        checkpoint, folder, 1, checkpoint_interval=2))
    os.mkdir(at("blank"))
    attempt("no state", lambda: tf.train.load_checkpoint(at("blank")))
    open(os.path.join(at("blank"), "checkpoint"), "w").close()
    attempt("blank state", lambda: tf.train.get_checkpoint_state(at("blank")))
    attempt("no tensor", lambda: tf.train.load_variable(at("m"), "nope"))
    saved = checkpoint.save(at("objects"))
    other = tf.train.Checkpoint(w=tf.Variable([1.0, 2.0, 3.0]))
    attempt("object shape", lambda: other.restore(saved))
    more = tf.train.Checkpoint(w=tf.Variable([1.0, 2.0]), v=tf.Variable(0.0))
    attempt("unbound", lambda: more.restore(saved).assert_consumed())
    fewer = tf.train.Checkpoint()
    attempt("unresolved", lambda: fewer.restore(saved).assert_consumed())
    nothing = tf.train.Checkpoint(u=tf.Variable(0.0))
    attempt("trivial", lambda: nothing.read(saved).assert_nontrivial_match())
    return raised
