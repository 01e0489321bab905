"""Prints what the DSPy that is installed here makes of probes: messages, as one line of JSON.

The only argument is a list of probes, each with an id, instructions, fields, demonstrations and inputs. A probe that
this DSPy cannot render is null. Runs on DSPy 2.6 to 3.4.
"""

import enum
import importlib
import importlib.metadata
import json
import sys
import typing

import dspy
import pydantic


def find(name, *modules):
    for module in ("dspy", *modules):
        try:
            return getattr(importlib.import_module(module), name)
        except (ImportError, AttributeError):
            continue
    return None


Base = find("Type", "dspy.adapters.types.base_type") or find("BaseType", "dspy.adapters.types.base_type")


def described(name, description):
    """A type of ours, of which the list of fields says what we know."""
    if Base is None:
        return None
    return type(name, (Base,), {"__annotations__": {"x": str}, "description": classmethod(lambda cls: description)})


class ZqEmpty(pydantic.BaseModel):
    pass


class ZqInner(pydantic.BaseModel):
    """ZqInnerDoc"""

    zqname: str


class ZqLeaf(pydantic.BaseModel):
    zqweight: float


class ZqStruct(pydantic.BaseModel):
    """ZqStructDoc"""

    zqtext: str = pydantic.Field(description="ZqFieldDescription")
    zqnumber: float | None
    zqalias: int = pydantic.Field(alias="zqOther")
    zqchoice: typing.Literal["zqp", "zqq"]
    zqinner: ZqInner
    zqtable: dict[str, int]
    zqflags: list[bool]
    zqleaves: list[ZqLeaf]


STRUCTS = {model.__name__: model for model in (ZqEmpty, ZqInner, ZqStruct)}


def annotation(spec):
    """The type that a probe names; none where this DSPy has no such type."""
    kind, _, rest = spec.partition(" ")
    plain = {"str": str, "int": int, "float": float, "bool": bool, "ints": list[int]}
    if kind in plain:
        return plain[kind]
    if kind == "literal":
        return typing.Literal[tuple(rest.split())]
    if kind == "enum":
        name, *members = rest.split()
        return enum.Enum(name, [tuple(member.split("=")) for member in members])
    if kind in STRUCTS:
        return STRUCTS[kind]
    if kind == "described":
        return described(*rest.split())
    if kind == "list":
        inner = annotation(rest)
        return inner and list[inner]
    if kind == "code":
        code = find("Code")
        return code and code[rest]
    return find(kind, "dspy.experimental", "dspy.adapters.types", "dspy.adapters.types." + kind.lower())


def signature(probe):
    fields = {}
    for field in probe["fields"]:
        make = dspy.InputField if field["input"] else dspy.OutputField
        known = {key: field[key] for key in ("desc", "ge", "le") if field.get(key) is not None}
        of_type = annotation(field["type"])
        if of_type is None:
            return None
        fields[field["name"]] = (of_type, make(**known))
    return dspy.Signature(fields, probe["instructions"])


class Nobody(dspy.LM):
    """A model that keeps what it is sent and answers nothing."""

    def __init__(self):
        super().__init__("openai/nobody", api_key="none")
        self.sent = None

    def __call__(self, prompt=None, messages=None, **kwargs):
        self.sent = self.sent or messages
        raise RuntimeError("nothing is called")

    forward = __call__


def extraction(adapter, of, probe):
    """What the second step is sent. A model may be asked for types of DSPy's own in other ways than by a prompt."""
    if not probe["second"]:
        return None
    adapter.extraction_model.sent = None
    try:
        adapter.parse(of, "ZqAnswer")
    except Exception:
        pass
    return adapter.extraction_model.sent


def value(of):
    """An input; conversations are marked, as JSON has none."""
    if isinstance(of, dict) and "$history" in of:
        return find("History", "dspy.adapters.types")(messages=of["$history"])
    return of


def adapters():
    """Every adapter of this DSPy by the name that it has here, and what gives its messages."""

    def messages(adapter, of, probe):
        return adapter.format(of, probe["demos"], {name: value(of) for name, of in probe["inputs"].items()})

    known = [
        ("chat", find("ChatAdapter"), (), messages),
        ("json", find("JSONAdapter"), (), messages),
        ("xml", find("XMLAdapter", "dspy.adapters.xml_adapter"), (), messages),
        ("baml", find("BAMLAdapter", "dspy.adapters.baml_adapter"), (), messages),
        ("two_step", find("TwoStepAdapter", "dspy.adapters.two_step_adapter"), (Nobody,), messages),
        ("two_step_extraction", find("TwoStepAdapter", "dspy.adapters.two_step_adapter"), (Nobody,), extraction),
    ]
    for name, adapter, arguments, ask in known:
        if adapter is not None:
            yield name, adapter(*(make() for make in arguments)), ask


def main():
    probes = json.loads(sys.argv[1])
    rendered, faults = {}, {}
    for name, adapter, ask in adapters():
        rendered[name] = {}
        for probe in probes:
            try:
                of = signature(probe)
                rendered[name][probe["id"]] = of and ask(adapter, of, probe)
            except Exception as e:
                rendered[name][probe["id"]] = None
                faults[name + " " + probe["id"]] = f"{type(e).__name__}: {e}"[:200]
    print(json.dumps({"version": importlib.metadata.version("dspy"), "adapters": rendered, "faults": faults}))


main()
