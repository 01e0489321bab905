"""DSPy renders and reads the rows of `rows.jsonl`: one line of JSON with the microseconds of the processor for each.

A reply that is read as anything else than the row says ends the run with a failure.
"""

import json
import os
import statistics
import sys
import time

# Without it, LiteLLM asks the network for its table of prices when it is imported.
os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"

import dspy

ADAPTERS = {"chat": dspy.ChatAdapter, "json": dspy.JSONAdapter}
BATCHES = 7
ROUNDS = 5


def median_micros(function):
    """The median of some batches, after one that is not counted."""
    times = []
    for _ in range(BATCHES + 1):
        started = time.process_time()
        for _ in range(ROUNDS):
            function()
        times.append((time.process_time() - started) * 1e6 / ROUNDS)
    return statistics.median(times[1:])


def main():
    figures = {}
    with open(sys.argv[1]) as lines:
        rows = [json.loads(line) for line in lines]
    for row in rows:
        signature = dspy.Signature(row["signature"])
        adapter = ADAPTERS[row["adapter"]]()
        demos = [dspy.Example(**demo) for demo in row["demos"]]
        read = adapter.parse(signature, row["completion"])
        if read != row["outputs"]:
            raise ValueError(f"{row['id']}: expected {row['outputs']}, found {read}")
        figures[row["id"]] = {
            "render": median_micros(lambda: adapter.format(signature, demos, row["inputs"])),
            "parse": median_micros(lambda: adapter.parse(signature, row["completion"])),
        }
    print(json.dumps(figures))


main()
