"""Whether TensorFlow has what the documents say it has."""

import tensorflow as tf


def has(name):
    found = tf
    for part in name.split(".")[1:]:
        if not hasattr(found, part):
            return False
        found = getattr(found, part)
    return True


def missing(names):
    return [name for name in names if not has(name)]
