"""Trains with TensorFlow's optimizers on random gradients and records what they did.

usage: optimizers.py FOLDER SEED STEPS

Writes FOLDER/trajectories/index.json and a file a case, in the form of the goldens; shapes,
hyper-parameters and gradients come from SEED. Each optimizer runs dense and sparse, each as it is,
with gradients scaled by 2^-60, and for a few steps with infinities, NaN, denormals and zeros among
them. The last line is `N passed, N failed`.
"""

import os
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import tensorflow as tf

import trajectories

v1 = tf.compat.v1
v1.disable_eager_execution()
folder, seed, steps = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
random = np.random.default_rng(seed)
f32 = np.float32


def uniform(low, high):
    return float(f32(random.uniform(low, high)))


def log_uniform(low, high):
    return float(f32(np.exp(random.uniform(np.log(low), np.log(high)))))


def penalty():
    """A regularization strength: none in one case of three."""
    return 0.0 if random.random() < 1 / 3 else log_uniform(1e-4, 0.1)


def rate():
    return log_uniform(1e-4, 0.3)


def regularized(**more):
    return dict(learning_rate=rate(), l1_regularization_strength=penalty(),
                l2_regularization_strength=penalty(), **more)


def adam():
    return dict(learning_rate=rate(), beta1=uniform(0.5, 0.95), beta2=uniform(0.9, 0.9999),
                epsilon=log_uniform(1e-10, 1e-3))


def rms_prop(**more):
    return dict(learning_rate=rate(), decay=uniform(0.5, 0.99), momentum=uniform(0, 0.95),
                epsilon=log_uniform(1e-10, 1e-3), **more)


class Raw:
    """One of TensorFlow's kernels that no optimizer of `tf.train` uses."""

    # Grappler would multiply constants with each other first, where Keras' rate is a variable.
    config = v1.ConfigProto()
    config.graph_options.rewrite_options.disable_meta_optimizer = True

    def __init__(self, kernel, slots, powers, hyper):
        self.kernel, self.slots, self.powers, self.hyper = kernel, slots, powers, hyper

    def build(self, variable, gradient, global_step):
        # No such kernel takes rows: a gradient of some rows is one of zeros elsewhere.
        gradient = tf.convert_to_tensor(gradient)
        name = variable.op.name
        slots = {f"{name}/{slot}": v1.get_variable(f"{name}/{slot}", initializer=tf.zeros(variable.shape))
                 for slot in self.slots}
        powers = {f"{beta}_power": v1.get_variable(f"{beta}_power", initializer=f32(self.hyper[beta]))
                  for beta in self.powers}
        read = {power: value.read_value() for power, value in powers.items()}
        update = self.kernel(variable.handle, [slot.handle for slot in slots.values()], read,
                             self.hyper, gradient)
        with tf.control_dependencies([update]):
            last = [powers[f"{beta}_power"].assign(read[f"{beta}_power"] * f32(self.hyper[beta]))
                    for beta in self.powers]
            return tf.group(update, *last, global_step.assign_add(1))


def nesterov_adam(variable, slots, powers, hyper, gradient):
    m, v = slots
    return tf.raw_ops.ResourceApplyAdam(
        var=variable, m=m, v=v, beta1_power=powers["beta1_power"], beta2_power=powers["beta2_power"],
        lr=hyper["learning_rate"], beta1=hyper["beta1"], beta2=hyper["beta2"],
        epsilon=hyper["epsilon"], grad=gradient, use_nesterov=True)


def ams_grad(variable, slots, powers, hyper, gradient):
    m, v, vhat = slots
    return tf.raw_ops.ResourceApplyAdamWithAmsgrad(
        var=variable, m=m, v=v, vhat=vhat, beta1_power=powers["beta1_power"],
        beta2_power=powers["beta2_power"], lr=hyper["learning_rate"], beta1=hyper["beta1"],
        beta2=hyper["beta2"], epsilon=hyper["epsilon"], grad=gradient)


def ada_max(variable, slots, powers, hyper, gradient):
    m, v = slots
    return tf.raw_ops.ResourceApplyAdaMax(
        var=variable, m=m, v=v, beta1_power=powers["beta1_power"], lr=hyper["learning_rate"],
        beta1=hyper["beta1"], beta2=hyper["beta2"], epsilon=hyper["epsilon"], grad=gradient)


def adam_w(variable, slots, powers, hyper, gradient):
    """`tf.keras.optimizers.AdamW`'s decay in front of the kernel of Adam."""
    m, v = slots
    value = tf.raw_ops.ReadVariableOp(resource=variable, dtype=tf.float32)
    decayed = value - value * f32(hyper["weight_decay"]) * f32(hyper["learning_rate"])
    with tf.control_dependencies([tf.raw_ops.AssignVariableOp(resource=variable, value=decayed)]):
        return tf.raw_ops.ResourceApplyAdam(
            var=variable, m=m, v=v, beta1_power=powers["beta1_power"],
            beta2_power=powers["beta2_power"], lr=hyper["learning_rate"], beta1=hyper["beta1"],
            beta2=hyper["beta2"], epsilon=hyper["epsilon"], grad=gradient)


class Train:
    """An optimizer of `tf.train`."""

    config = None

    def __init__(self, optimizer, hyper):
        self.optimizer, self.hyper = optimizer, hyper

    def build(self, variable, gradient, global_step):
        hyper = dict(self.hyper)
        if self.optimizer is v1.train.AdagradDAOptimizer:
            hyper["global_step"] = global_step
        return self.optimizer(**hyper).apply_gradients([(gradient, variable)], global_step)


OPTIMIZERS = [
    ("GradientDescent", lambda: Train(v1.train.GradientDescentOptimizer, dict(learning_rate=rate()))),
    ("Momentum", lambda: Train(v1.train.MomentumOptimizer,
                                     dict(learning_rate=rate(), momentum=uniform(0, 0.99)))),
    ("MomentumNesterov", lambda: Train(v1.train.MomentumOptimizer, dict(
        learning_rate=rate(), momentum=uniform(0, 0.99), use_nesterov=True))),
    ("Adam", lambda: Train(v1.train.AdamOptimizer, adam())),
    ("Adagrad", lambda: Train(v1.train.AdagradOptimizer, dict(
        learning_rate=rate(), initial_accumulator_value=log_uniform(0.01, 1)))),
    ("AdagradDA", lambda: Train(v1.train.AdagradDAOptimizer, regularized(
        initial_gradient_squared_accumulator_value=log_uniform(0.01, 1)))),
    ("Adadelta", lambda: Train(v1.train.AdadeltaOptimizer, dict(
        learning_rate=rate(), rho=uniform(0.5, 0.99), epsilon=log_uniform(1e-8, 1e-3)))),
    ("Ftrl", lambda: Train(v1.train.FtrlOptimizer, regularized(
        initial_accumulator_value=log_uniform(0.01, 1)))),
    ("FtrlShrinkBeta", lambda: Train(v1.train.FtrlOptimizer, regularized(
        initial_accumulator_value=log_uniform(0.01, 1), beta=uniform(0, 1),
        l2_shrinkage_regularization_strength=log_uniform(1e-4, 0.1)))),
    ("FtrlPower", lambda: Train(v1.train.FtrlOptimizer, regularized(
        initial_accumulator_value=log_uniform(0.01, 1), learning_rate_power=uniform(-0.9, -0.1)))),
    ("ProximalGradientDescent", lambda: Train(
        v1.train.ProximalGradientDescentOptimizer, regularized())),
    ("ProximalAdagrad", lambda: Train(v1.train.ProximalAdagradOptimizer, regularized(
        initial_accumulator_value=log_uniform(0.01, 1)))),
    ("RMSProp", lambda: Train(v1.train.RMSPropOptimizer, rms_prop())),
    ("RMSPropCentered", lambda: Train(v1.train.RMSPropOptimizer, rms_prop(centered=True))),
    ("NesterovAdam", lambda: Raw(
        nesterov_adam, ["NesterovAdam", "NesterovAdam_1"], ["beta1", "beta2"], adam())),
    ("AMSGrad", lambda: Raw(
        ams_grad, ["AMSGrad", "AMSGrad_1", "AMSGrad_2"], ["beta1", "beta2"], adam())),
    ("AdaMax", lambda: Raw(ada_max, ["AdaMax", "AdaMax_1"], ["beta1"], adam())),
    ("AdamW", lambda: Raw(adam_w, ["AdamW", "AdamW_1"], ["beta1", "beta2"], dict(
        weight_decay=log_uniform(1e-4, 0.1), **adam()))),
]


def sparse_shape():
    """Vectors and columns take other code than matrices; whole vectors of 8 other than the rest."""
    rows = int(random.integers(1, 9))
    inner = int(random.choice([1, 2, 3, 7, 8, 9, 11, 16, 17, 24, 35]))
    if inner > 1:
        return [rows, inner]
    return [rows] if random.random() < 0.5 else [rows, 1]


def dense_shape():
    if random.random() < 0.5:
        return [int(random.integers(1, 60))]
    return [int(random.integers(1, 8)), int(random.integers(1, 12))]


SPECIAL = np.array([np.inf, -np.inf, np.nan, 0.0, -0.0, 1e-40, -1e-40, 1.2e-38, 3e38, -3e38, 1e-20],
                   f32)


def gradients(shape, kind, count):
    values = random.standard_normal([count, *shape]).astype(f32)
    if kind == "tiny":
        values *= f32(2.0 ** -60)
    if kind == "special":
        chosen = random.choice(SPECIAL, values.shape)
        values = np.where(random.random(values.shape) < 0.2, chosen, values).astype(f32)
    return values


def case(name, plan, sparse, kind):
    count = 10 if kind == "special" else steps
    shape = sparse_shape() if sparse else dense_shape()
    arrays = {}
    with v1.Graph().as_default(), v1.Session(config=plan.config) as session:
        initial = random.standard_normal(shape).astype(f32)
        variable = v1.get_variable("w", initializer=initial, use_resource=True)
        global_step = v1.train.get_or_create_global_step()
        if sparse:
            touched = int(random.integers(1, shape[0] + 3))
            arrays["grads"] = gradients([touched, *shape[1:]], kind, count)
            arrays["indices"] = random.integers(0, shape[0], [count, touched]).astype(np.int32)
            values = v1.placeholder(tf.float32, [touched, *shape[1:]])
            indices = v1.placeholder(tf.int32, [touched])
            gradient = tf.IndexedSlices(values, indices, shape)
        else:
            arrays["grads"] = gradients(shape, kind, count)
            gradient = values = v1.placeholder(tf.float32, shape)
        train = plan.build(variable, gradient, global_step)
        session.run(v1.global_variables_initializer())
        variables = {v.op.name: v for v in v1.global_variables()}

        def record(time):
            for variable, value in session.run(variables).items():
                arrays[f"{time}/{variable}"] = np.asarray(value)

        record("init")
        for step in range(count):
            feed = {values: arrays["grads"][step]}
            if sparse:
                feed[indices] = arrays["indices"][step]
            session.run(train, feed)
            if step + 1 in (1, 2, 10, 100, count):
                record(f"step{step + 1}")
    return trajectories.write(folder, name, plan.hyper, sparse, count, arrays)


index = []
for name, plan in OPTIMIZERS:
    for sparse in (False, True):
        for kind in ("plain", "plain", "tiny", "special"):
            label = f"{name}_{'sparse' if sparse else 'dense'}_{kind}_{len(index)}"
            index.append(case(label, plan(), sparse, kind))
trajectories.write_index(folder, index)
print(f"{len(index)} passed, 0 failed")
