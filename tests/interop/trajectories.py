"""The form of the goldens' trajectories: a file of numbers a case, and an index of all."""

import json
import os


def write(folder, name, hyper, sparse, steps, arrays):
    """Writes the arrays of a case, which are named `grads`, `init/…` and `step…/…`; returns its
    entry of the index."""
    os.makedirs(os.path.join(folder, "trajectories"), exist_ok=True)
    file = f"trajectories/{name}.bin"
    listed, offset = [], 0
    with open(os.path.join(folder, file), "wb") as out:
        for key, value in arrays.items():
            raw = value.tobytes()
            listed.append(dict(name=key, dtype=value.dtype.name, shape=list(value.shape),
                               offset=offset, nbytes=len(raw)))
            offset += out.write(raw)
    return dict(name=name, file=file, hyper=hyper, sparse=sparse, steps=steps, arrays=listed)


def write_index(folder, index):
    with open(os.path.join(folder, "trajectories/index.json"), "w") as out:
        json.dump(index, out)
