"""DSPy as the judge: reads completions for signatures of its own making, one batch of JSON on each line.

A batch is {"world": {"enums": .., "models": .., "typeddicts": ..}, "cases": [{"fields": .., "adapter": .., "reply": ..}]};
the answer has for each case {"value": {name: tagged}} or {"error": class}. Types are in the words of the corpus.
"""

import base64
import codecs
import datetime
import decimal
import enum
import json
import logging
import math
import sys
import typing
import uuid
import warnings

warnings.simplefilter("ignore")

import dspy  # noqa: E402
import dspy.experimental  # noqa: E402
import pydantic  # noqa: E402
import typing_extensions  # noqa: E402
from dspy.adapters.baml_adapter import BAMLAdapter  # noqa: E402

logging.disable(logging.CRITICAL)

SCALARS = {
    "str": str, "int": int, "float": float, "bool": bool, "none": type(None), "any": typing.Any, "bytes": bytes,
    "complex": complex, "date": datetime.date, "datetime": datetime.datetime, "time": datetime.time,
    "timedelta": datetime.timedelta, "decimal": decimal.Decimal, "uuid": uuid.UUID,
}


class World:
    def __init__(self, tables):
        self.tables = tables
        self.made = {}
        for name, spec in tables["enums"].items():
            mixin = {"str": (str, enum.Enum), "int": (enum.IntEnum,)}.get(spec["mixin"], (enum.Enum,))
            base = mixin[0] if len(mixin) == 1 else enum.Enum
            kw = {"type": str} if spec["mixin"] == "str" else {}
            self.made[name] = base(name, [(k, v) for k, v in spec["members"]], **kw)
        for name, spec in tables["typeddicts"].items():
            self.made[name] = typing_extensions.TypedDict(name, {f["name"]: self.type(f["type"]) for f in spec["fields"]})
        for name, spec in tables["models"].items():
            fields = {}
            for f in spec["fields"]:
                kw = {"alias": f["alias"]} if f["alias"] else {}
                default = ... if f["required"] else f["default"]
                fields[f["name"]] = (self.type(f["type"]), pydantic.Field(default, **kw))
            model = pydantic.create_model(name, __config__=pydantic.ConfigDict(**spec["config"]), **fields)
            self.made[name] = model
            model.model_rebuild(_types_namespace=self.made)

    def type(self, ast):
        kind = ast["kind"]
        if kind in SCALARS:
            return SCALARS[kind]
        if kind in ("list", "set", "frozenset"):
            bare = {"list": list, "set": set, "frozenset": frozenset}[kind]
            return bare[self.type(ast["item"])] if "item" in ast else bare
        if kind == "dict":
            return dict[self.type(ast["key"]), self.type(ast["value"])] if "key" in ast else dict
        if kind == "tuple":
            if "items" not in ast:
                return tuple
            items = [self.type(i) for i in ast["items"]]
            return tuple[(*items, ...)] if ast["variadic"] else tuple[tuple(items)]
        if kind == "literal":
            return typing.Literal[tuple(ast["values"])]
        if kind == "union":
            options = [self.type(o) for o in ast["options"]]
            return typing.Union[tuple(options)]
        if kind in ("enum", "typeddict", "model"):
            # A model that holds itself is not there yet.
            return self.made.get(ast["ref"]) or ast["ref"]
        if kind == "dspy":
            if ast["name"] == "Code" and ast["language"] != "python":
                return dspy.Code[ast["language"]]
            return getattr(dspy, ast["name"], None) or getattr(dspy.experimental, ast["name"])
        raise ValueError(kind)


def text(value):
    # Halves of surrogate pairs are no text of Rust.
    return value.encode("utf-8", "replace_half").decode("utf-8")


def replace_half(error):
    return ("\ufffd" * (error.end - error.start), error.end)


codecs.register_error("replace_half", replace_half)


def tagged(v):
    """A value as the corpus writes it."""
    if isinstance(v, enum.Enum):
        return {"$enum": type(v).__name__, "member": v.name, "value": tagged(v.value)}
    if v is None or isinstance(v, bool):
        return v
    if isinstance(v, str):
        return text(v)
    if isinstance(v, int):
        return v if abs(v) <= 2**53 else {"$int": str(v)}
    if isinstance(v, float):
        return v if math.isfinite(v) else {"$float": repr(v)}
    if isinstance(v, complex):
        return {"$complex": [tagged(v.real), tagged(v.imag)]}
    if isinstance(v, bytes):
        return {"$bytes": base64.b64encode(v).decode()}
    if isinstance(v, decimal.Decimal):
        return {"$decimal": str(v)}
    if isinstance(v, datetime.datetime):
        return {"$datetime": v.isoformat()}
    if isinstance(v, datetime.date):
        return {"$date": v.isoformat()}
    if isinstance(v, datetime.time):
        return {"$time": v.isoformat()}
    if isinstance(v, datetime.timedelta):
        return {"$timedelta_seconds": v.total_seconds()}
    if isinstance(v, uuid.UUID):
        return {"$uuid": str(v)}
    if isinstance(v, dict):
        if all(type(k) is str and not k.startswith("$") for k in v):
            return {text(k): tagged(x) for k, x in v.items()}
        return {"$dict": [[tagged(k), tagged(x)] for k, x in v.items()]}
    for kind, tag in ((list, None), (tuple, "$tuple"), (frozenset, "$frozenset"), (set, "$set")):
        if isinstance(v, kind):
            items = [tagged(x) for x in v]
            return items if tag is None else {tag: items}
    if isinstance(v, pydantic.BaseModel):
        fields = {text(k): tagged(getattr(v, k)) for k in type(v).model_fields}
        if type(v).__module__.startswith("dspy"):
            name = "Code" if isinstance(v, dspy.Code) else type(v).__qualname__
            return {"$dspy": name, "fields": fields}
        fields.update({text(k): tagged(x) for k, x in (v.model_extra or {}).items()})
        return {"$model": type(v).__name__, "fields": fields}
    raise TypeError(type(v).__name__)


ADAPTERS = {
    "chat": dspy.ChatAdapter(), "json": dspy.JSONAdapter(), "xml": dspy.XMLAdapter(), "baml": BAMLAdapter(),
    "two_step": dspy.ChatAdapter(),
}
EXTRACTOR = dspy.TwoStepAdapter(dspy.LM("openai/nobody"))


def signature(world, fields, adapter):
    made = {}
    for f in fields:
        make = dspy.InputField if f["direction"] == "input" else dspy.OutputField
        kw = {"default": f["default"]} if "default" in f else {}
        made[f["name"]] = (world.type(f["type"]), make(**kw))
    made = dspy.Signature(made, "Judge.")
    return EXTRACTOR._create_extractor_signature(made) if adapter == "two_step" else made


def read(world, case):
    try:
        made = signature(world, case["fields"], case["adapter"])
    except Exception as e:
        return {"unmade": f"{type(e).__name__}: {e}"[-300:]}
    try:
        fields = ADAPTERS[case["adapter"]].parse(made, case["reply"])
    except Exception as e:
        return {"error": type(e).__name__, "message": text(str(e))[-300:]}
    return {"value": {name: tagged(value) for name, value in fields.items()}}


for line in sys.stdin:
    batch = json.loads(line)
    world = World(batch["world"])
    print(json.dumps([read(world, case) for case in batch["cases"]]), flush=True)
