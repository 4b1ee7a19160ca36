"""Values on their way between TensorFlow and a test: the bytes of the elements, in hexadecimal."""

import numpy as np


def to_hex(value):
    value = value.numpy() if hasattr(value, "numpy") else value
    return np.ascontiguousarray(value).tobytes().hex()


def floats(text, shape):
    return np.frombuffer(bytes.fromhex(text), "<f4").reshape(shape)
