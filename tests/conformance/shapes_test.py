"""Each structure that the service reads or writes is botocore's: names, types, rules, order."""

import json
import re
import subprocess

import botocore.session
import pytest

from model_rules import BY_FORM, least_of
from service import BUILD, ROOT

pytestmark = pytest.mark.release_alone

TYPES = {"integer": "long", "float": "double"}


@pytest.fixture(scope="module")
def shapes():
    """{(service, operation): {"input": ..., "output": ...}} as the service has them."""
    lines = subprocess.run([BUILD / "print_shapes"], capture_output=True, text=True, check=True)
    printed = map(json.loads, lines.stdout.splitlines())
    return {(p["service"], p["operation"]): p for p in printed}


def model_of(service, operation):
    return botocore.session.get_session().get_service_model(service).operation_model(operation)


def model_shape(shape, is_required=False):
    """A shape of botocore's as print_shapes tells the service's."""
    out = {"type": TYPES.get(shape.type_name, shape.type_name)}
    if is_required:
        out["required"] = True
    out |= {rule: shape.metadata[rule] for rule in ("min", "max", "pattern")
            if rule in shape.metadata}
    if least_of(shape) is None:
        out.pop("min", None)
    if shape.name in BY_FORM:
        out["pattern"] = BY_FORM[shape.name]
    elif shape.metadata.get("enum"):
        out["enum"] = shape.metadata["enum"]
    if shape.type_name == "structure":
        out["members"] = {name: model_shape(member, name in shape.required_members)
                          for name, member in shape.members.items()}
    elif shape.type_name == "list":
        out["member"] = model_shape(shape.member)
    elif shape.type_name == "map":
        out["key"], out["value"] = model_shape(shape.key), model_shape(shape.value)
    return out


def without_idle_bounds(shape):
    """No length is below 0: whether that is said makes no difference. A number's 0 does."""
    is_length = shape.get("type") in ("string", "list", "map")
    return {k: v for k, v in shape.items() if not (is_length and k == "min" and v == 0)}


def differences(ours, theirs, path):
    """One line for each difference, with where it is."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        ours, theirs = without_idle_bounds(ours), without_idle_bounds(theirs)
    if not isinstance(ours, dict) or not isinstance(theirs, dict):
        return [] if ours == theirs else [f"{path}: {ours!r} is {theirs!r} in the model"]
    out = []
    for name in sorted(ours.keys() | theirs.keys()):
        if name not in theirs:
            out.append(f"{path}.{name}: {ours[name]!r} is not in the model")
        elif name not in ours:
            out.append(f"{path}.{name}: lacks {theirs[name]!r}")
        else:
            out += differences(ours[name], theirs[name], f"{path}.{name}")
    return out


def both(shapes):
    """Each shape of ours beside the model's."""
    for (service, operation), ours in shapes.items():
        model = model_of(service, operation)
        for side, theirs in (("input", model.input_shape), ("output", model.output_shape)):
            yield f"{operation}.{side}", ours[side], theirs


def test_every_shape_is_the_models(shapes):  # SEMANTICS A6
    found = []
    for path, ours, theirs in both(shapes):
        nothing = {"type": "structure", "members": {}}
        found += differences(ours, model_shape(theirs) if theirs else nothing, path)
    assert not found, "\n".join(found)


def test_members_are_told_in_the_models_order(shapes):
    """So violations are told in the service's order."""
    def check(ours, theirs):
        if theirs.type_name == "structure":
            assert list(ours["members"]) == list(theirs.members)
            for name, member in theirs.members.items():
                check(ours["members"][name], member)
        elif theirs.type_name == "list":
            check(ours["member"], theirs.member)

    for _, ours, theirs in both(shapes):
        if theirs:
            check(ours, theirs)


def test_every_operation_on_offer_is_compared(shapes):
    offered = (ROOT / "src/service/api/operations.cpp").read_text()
    names = (re.findall(r'"SageMaker\.(\w+)"', offered) +
             re.findall(r'"Logs_20140328\.(\w+)"', offered))
    assert sorted(operation for _, operation in shapes) == sorted(names)


def test_every_structure_in_the_source_is_compared(shapes):
    reached = set()

    def reach(shape):
        if shape.type_name == "structure":
            reached.add(shape.name)
            for member in shape.members.values():
                reach(member)
        elif shape.type_name == "list":
            reach(shape.member)

    for _, _, theirs in both(shapes):
        if theirs:
            reach(theirs)
    written = set()
    for header in (ROOT / "src/wire/shapes").glob("*.hpp"):
        if header.name not in ("trainyard.hpp", "events.hpp"):  # our own operations, EventBridge's form
            written |= set(re.findall(r"^struct (\w+)", header.read_text(), re.MULTILINE))
    assert written == reached
