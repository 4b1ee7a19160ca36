"""A TensorFlow that does what a test asks for: one start for many tests.

Each line of standard input is a call, `{"call": "objects.restore", "arguments": {…}}`; each is
answered by one line on the original standard output, `{"result": …}` or `{"error": "…"}`. The
modules beside this file hold the functions.
"""

import importlib
import json
import os
import sys
import traceback

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

# What libraries print must not come between the answers.
answers = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)

for line in sys.stdin:
    call = json.loads(line)
    try:
        module, function = call["call"].split(".")
        found = getattr(importlib.import_module(module), function)
        answer = {"result": found(**call["arguments"])}
    except Exception:
        answer = {"error": traceback.format_exc()}
    answers.write(json.dumps(answer) + "\n")
    answers.flush()
