"""Object-based checkpoints: models and optimizers of TensorFlow 1, Keras 3, tf_keras."""

import numpy as np
import tensorflow as tf

from values import floats, to_hex

v1 = tf.compat.v1
FEATURES, CLASSES = 6, 4
RATE = 0.125


def keras_of(profile):
    if profile == "keras3":
        import keras

        return keras, keras.optimizers
    import tf_keras

    legacy = profile == "tf_keras_legacy"
    return tf_keras, tf_keras.optimizers.legacy if legacy else tf_keras.optimizers


def keras_optimizer(optimizers, name):
    return {
        "Adam": lambda: optimizers.Adam(RATE),
        "Momentum": lambda: optimizers.SGD(RATE, momentum=0.9),
        "GradientDescent": lambda: optimizers.SGD(RATE),
        "Adagrad": lambda: optimizers.Adagrad(RATE, initial_accumulator_value=0.1),
        "RMSProp": lambda: optimizers.RMSprop(RATE, rho=0.9, momentum=0.5),
        "Ftrl": lambda: optimizers.Ftrl(RATE, initial_accumulator_value=0.1),
        "Adadelta": lambda: optimizers.Adadelta(RATE),
    }[name]()


class KerasProgram:
    """A Sequential model of dense layers, its optimizer built, as `tf.train.Checkpoint` has it."""

    def __init__(self, profile, optimizer, hidden):
        self.profile = profile
        keras, optimizers = keras_of(profile)
        layers = [keras.layers.Input((FEATURES,)), keras.layers.Dense(CLASSES, name="head")]
        if hidden:
            layers.insert(1, keras.layers.Dense(hidden, "relu", name="hidden"))
        self.names = [f"{layer.name}/{part}" for layer in layers[1:] for part in ("kernel", "bias")]
        self.model = keras.Sequential(layers, name="net")
        self.optimizer = keras_optimizer(optimizers, optimizer)
        if hasattr(self.optimizer, "build"):
            self.optimizer.build(self.model.trainable_variables)
        self.checkpoint = tf.train.Checkpoint(model=self.model, optimizer=self.optimizer)

    def train(self, x, labels, steps):
        variables = self.model.trainable_variables
        for _ in range(steps):
            with tf.GradientTape() as tape:
                losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, self.model(x))
                loss = tf.reduce_mean(losses)
            gradients = tape.gradient(loss, variables)
            self.optimizer.apply_gradients(zip(gradients, variables))

    def variables(self):
        return dict(zip(self.names, self.model.trainable_variables))

    def state(self):
        """Every variable under a name that says which it is."""
        found = {name: to_hex(value) for name, value in self.variables().items()}
        found["iterations"] = int(self.optimizer.iterations)
        found["learning_rate"] = to_hex(np.float32(self.optimizer.learning_rate))
        for slot, values in self.slots().items():
            for name, value in zip(self.variables(), values):
                found[f"{name}/{slot}"] = to_hex(value)
        return found

    def slots(self):
        if self.profile == "tf_keras_legacy":
            names = self.optimizer.get_slot_names()
            variables = self.model.trainable_variables
            return {slot: [self.optimizer.get_slot(v, slot) for v in variables] for slot in names}
        lists = [
            "momentums", "_momentums", "_velocities", "_accumulators", "_linears",
            "_accumulated_grads", "_accumulated_delta_vars",
        ]
        return {
            name: list(values)
            for name in lists
            if (values := getattr(self.optimizer, name, None)) and hasattr(values, "__len__")
        }


class V1Program:
    """Modules and an optimizer of TensorFlow 1, eagerly."""

    def __init__(self, _, optimizer, hidden=0):
        sizes = {"hidden": (FEATURES, hidden), "head": (hidden, CLASSES)}
        self.layers = {}
        for name, (inputs, outputs) in sizes.items() if hidden else [("head", (FEATURES, CLASSES))]:
            layer = self.layers[name] = tf.Module()
            layer.kernel = tf.Variable(tf.zeros([inputs, outputs]), name=f"{name}/kernel")
            layer.bias = tf.Variable(tf.zeros([outputs]), name=f"{name}/bias")
        self.step = tf.Variable(0, dtype=tf.int64, name="global_step")
        self.optimizer = {
            "Adam": lambda: v1.train.AdamOptimizer(RATE),
            "Momentum": lambda: v1.train.MomentumOptimizer(RATE, 0.9),
            "GradientDescent": lambda: v1.train.GradientDescentOptimizer(RATE),
            "Adagrad": lambda: v1.train.AdagradOptimizer(RATE),
            "RMSProp": lambda: v1.train.RMSPropOptimizer(RATE, momentum=0.5),
            "Ftrl": lambda: v1.train.FtrlOptimizer(RATE),
            "Adadelta": lambda: v1.train.AdadeltaOptimizer(RATE),
        }[optimizer]()
        self.checkpoint = tf.train.Checkpoint(
            optimizer=self.optimizer, global_step=self.step, **self.layers)

    def variables(self):
        parts = ("kernel", "bias")
        return {f"{name}/{part}": getattr(layer, part)
                for name, layer in self.layers.items() for part in parts}

    def train(self, x, labels, steps):
        for _ in range(steps):
            with tf.GradientTape() as tape:
                logits = x
                for number, layer in enumerate(self.layers.values()):
                    logits = tf.nn.relu(logits) if number else logits
                    logits = tf.matmul(logits, layer.kernel) + layer.bias
                loss = tf.reduce_mean(
                    tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits))
            variables = list(self.variables().values())
            gradients = tape.gradient(loss, variables)
            self.optimizer.apply_gradients(zip(gradients, variables), global_step=self.step)

    def apply(self, kernel, bias):
        pairs = zip((kernel, bias), self.variables().values())
        self.optimizer.apply_gradients(pairs, global_step=self.step)

    def state(self):
        found = {name: to_hex(value) for name, value in self.variables().items()}
        found["iterations"] = int(self.step)
        for slot in self.optimizer.get_slot_names():
            for name, variable in self.variables().items():
                found[f"{name}/{slot}"] = to_hex(self.optimizer.get_slot(variable, slot))
        return found


def program_of(profile, optimizer, hidden):
    return (V1Program if profile == "v1" else KerasProgram)(profile, optimizer, hidden)


def batch(seed):
    random = np.random.default_rng(seed)
    x = random.normal(size=(5, FEATURES)).astype(np.float32)
    return x, random.integers(0, CLASSES, 5)


def train_and_save(profile, optimizer, hidden, prefix, seed, steps):
    """A new program, trained and saved; where, and all its values."""
    program = program_of(profile, optimizer, hidden)
    random = np.random.default_rng(seed + 1)
    for variable in program.variables().values():
        variable.assign(random.normal(size=variable.shape).astype(np.float32))
    program.train(*batch(seed), steps)
    return {"prefix": program.checkpoint.save(prefix), "state": program.state()}


def restore_and_train(profile, optimizer, hidden, source, target, seed, steps):
    """A new program that takes a checkpoint up, every value of it, and goes on."""
    program = program_of(profile, optimizer, hidden)
    if profile in ("v1", "tf_keras_legacy"):
        # Their variables are made by the first step.
        program.train(*batch(seed), 1)
    program.checkpoint.restore(source).assert_consumed()
    restored = program.state()
    counter = int(program.checkpoint.save_counter)
    program.train(*batch(seed), steps)
    return {
        "restored": restored,
        "save_counter": counter,
        "prefix": program.checkpoint.save(target),
        "state": program.state(),
    }


def gradients_of(gradients, first, count):
    for kernel, bias in gradients[first:first + count]:
        yield floats(kernel, (FEATURES, CLASSES)), floats(bias, (CLASSES,))


def apply_objects(optimizer, gradients, first, count, source, target):
    """Applies gradients to what the object-based checkpoint `source` holds, and saves."""
    program = V1Program("v1", optimizer)
    if source:
        program.apply(*(tf.zeros_like(v) for v in program.variables().values()))
        program.checkpoint.restore(source).assert_consumed()
    for pair in gradients_of(gradients, first, count):
        program.apply(*pair)
    return {"prefix": program.checkpoint.save(target), "state": program.state()}


def apply_names(optimizer, gradients, first, count, source, target):
    """The same in a graph, with `Saver`."""
    with tf.Graph().as_default(), v1.Session() as session:
        with v1.variable_scope("head"):
            kernel = v1.get_variable("kernel", initializer=tf.zeros([FEATURES, CLASSES]))
            bias = v1.get_variable("bias", initializer=tf.zeros([CLASSES]))
        step = v1.train.get_or_create_global_step()
        made = {
            "Adam": lambda: v1.train.AdamOptimizer(RATE),
            "Momentum": lambda: v1.train.MomentumOptimizer(RATE, 0.9),
        }[optimizer]()
        feeds = [v1.placeholder(tf.float32, v.shape) for v in (kernel, bias)]
        apply = made.apply_gradients(zip(feeds, (kernel, bias)), global_step=step)
        saver = v1.train.Saver()
        session.run(v1.global_variables_initializer())
        if source:
            saver.restore(session, source)
        for pair in gradients_of(gradients, first, count):
            session.run(apply, dict(zip(feeds, pair)))
        values = {v.op.name: to_hex(session.run(v)) for v in v1.global_variables()}
        return {"prefix": saver.save(session, target, global_step=step), "state": values}


def save_models(folder, profile):
    """A SavedModel, and the values of its variables."""
    program = program_of(profile, "Adam", 5)
    random = np.random.default_rng(3)
    for variable in program.variables().values():
        variable.assign(random.normal(size=variable.shape).astype(np.float32))
    program.train(*batch(1), 2)
    if profile == "keras3":
        program.model.export(folder, verbose=False)
    elif profile == "v1":
        module = tf.Module()
        module.hidden, module.head = program.layers["hidden"], program.layers["head"]
        tf.saved_model.save(module, folder)
    else:
        program.model.compile(program.optimizer)
        program.model.save(folder, save_format="tf")
    return {name: to_hex(value) for name, value in program.variables().items()}
