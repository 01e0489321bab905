"""Saves programs from DSPy, or loads them into DSPy, and prints what DSPy has then as one JSON object.

    exchange.py save FOLDER     teach programs and write FOLDER/flat.json and FOLDER/nested.json
    exchange.py load FOLDER     load those files into fresh programs and write FOLDER/again-*.json
"""

import json
import sys

import dspy


class TwoHop(dspy.Module):
    def __init__(self):
        super().__init__()
        self.gen = dspy.ChainOfThought("question -> query")
        self.ans = [dspy.Predict("text -> i: int, f: float, b: bool, s"), dspy.Predict("x -> y")]
        self.table = {"k": dspy.Predict("u -> v"), "it's": dspy.Predict("u -> v")}


def fresh():
    return {"flat": dspy.Predict("question -> answer"), "nested": TwoHop()}


def teach(programs):
    flat, nested = programs["flat"], programs["nested"]
    flat.demos = [
        dspy.Example(question="Wer schrieb \u201eFaust\u201c?", answer="Goethe\n\u007f \u2028.", augmented=True),
        {"question": "only this"},
    ]
    flat.signature = flat.signature.with_instructions("Answer in one word.\n\n  Be brief.")
    nested.gen.predict.demos = [
        {"question": "Q", "reasoning": "R", "query": "q", "augmented": True},
        {"question": "Q2", "query": "q2"},
    ]
    nested.gen.predict.signature = nested.gen.predict.signature.with_updated_fields("query", desc="what to look for")
    nested.ans[0].demos = [
        {"text": "t", "i": 1, "f": 0.5, "b": True, "s": "x"},
        {"text": "t2", "i": 2, "f": 1e22, "b": False},
    ]
    # Values that are not of the types of their fields: DSPy keeps them.
    nested.table["k"].demos = [{"u": {"name": "Ann", "age": 30}, "v": [{"k": []}, {}]}, {"u": None, "v": 1.5}, {}]
    nested.ans[1].lm = dspy.LM(
        "openai/gpt-4o-mini", temperature=0.5, max_tokens=100, num_retries=5, cache=False, stop=["END"],
        api_key="SECRET-1", api_base="http://user:SECRET-2@localhost", headers={"X-Auth": "SECRET-3"}, rollout_id=3,
    )


def field(name, info):
    desc = info.json_schema_extra["desc"]
    kind = info.annotation.__name__
    return {
        "name": name,
        "direction": info.json_schema_extra["__dspy_field_type"],
        "annotation_name": kind,
        "type": {"kind": kind},
        "desc": desc,
        "desc_is_default": desc == "${" + name + "}",
        "prefix": info.json_schema_extra["prefix"],
        "constraints_text": None,
    }


def facts(program):
    out = {}
    for path, predictor in program.named_parameters():
        signature = predictor.signature
        inputs = {name: f"the {name}" for name in signature.input_fields}
        state = predictor.dump_state()
        out[path] = {
            "demos": state["demos"],
            "signature": {
                "instructions": signature.instructions,
                "fields": [field(name, info) for name, info in signature.fields.items()],
            },
            "lm": state["lm"],
            "messages": dspy.ChatAdapter().format(signature, predictor.demos, inputs),
        }
    return out


command, folder = sys.argv[1:]
programs = fresh()
if command == "save":
    teach(programs)
for name, program in programs.items():
    if command == "save":
        program.save(f"{folder}/{name}.json")
    else:
        program.load(f"{folder}/{name}.json")
        program.save(f"{folder}/again-{name}.json")
print(json.dumps({name: facts(program) for name, program in programs.items()}))
