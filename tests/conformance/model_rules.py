"""The constraints of botocore's model: an oracle for a refusal's words, and faulty requests."""

import re

INSTANCE_TYPE = r"ml\.[a-z0-9-]+\.[a-z0-9]+"
# Checked by their form, not by the model's list: types newer than the service are sized by name.
BY_FORM = {"TrainingInstanceType": INSTANCE_TYPE,
           "FileSystemId": "(fs-[0-9a-f]+)"}  # those that the settings name, fs-1 too
OF_ANY_LENGTH = {"FileSystemId"}
# The first of these that keeps a member's rules is what a request without fault has there.
SAMPLES = [
    "a", "s3://bucket/key", "ml.m5.large", "arn:aws:iam::123456789012:role/TrainyardRole",
    "arn:aws:lambda:us-east-1:123456789012:function:x", "fs-0123456789abcdef0", "4K",
    "arn:aws:sagemaker:us-east-1:123456789012:training-plan/abc",
    "arn:aws:sagemaker:us-east-1:123456789012:training-job/abc",
    "arn:aws:sagemaker:us-east-1:123456789012:mlflow-app/abc",
    "arn:aws:sagemaker:us-east-1:123456789012:model-package-group/abc",
    "arn:aws:sagemaker:us-east-1:123456789012:model-package/abc",
    "arn:aws:sagemaker:us-east-1:aws:hub-content/hub/Model/abc/1.0.0",
    "arn:aws:sagemaker:us-east-1:aws:hub-content/hub/DataSet/abc/1.0.0"]
# And the first that breaks only a member's pattern is what a faulty one has.
ODD = ["!", "a_b", "é ü", "?" * 11, "x" * 20, "arn:" + "x" * 50]


def enum_of(shape):
    return None if shape.name in BY_FORM else getattr(shape, "enum", None) or None


def least_of(shape):
    return None if shape.name in OF_ANY_LENGTH else shape.metadata.get("min")


def pattern_of(shape):
    return BY_FORM.get(shape.name, shape.metadata.get("pattern"))


def matches(pattern, text):
    """The service matches the whole value; `.` is any character; its classes are ASCII's."""
    unicode = r"\p{L}" in pattern
    pattern = pattern.replace(r"\p{L}\p{Z}\p{N}", r"\w\s").replace(r"\p{Alnum}", "a-zA-Z0-9")
    return re.fullmatch(pattern, text, re.DOTALL | (0 if unicode else re.ASCII))


def rules_told(shape, text=None):
    """What the service says of a string's rules: all of them, or those that `text` breaks."""
    least, most = least_of(shape), shape.metadata.get("max")
    pattern, enum = pattern_of(shape), enum_of(shape)
    rules = [
        (most is not None, lambda: len(text) <= most,
         f"Member must have length less than or equal to {most}"),
        (least is not None, lambda: len(text) >= least,
         f"Member must have length greater than or equal to {least}"),
        (pattern is not None, lambda: matches(pattern, text),
         f"Member must satisfy regular expression pattern: {pattern}"),
        (enum is not None, lambda: text in enum,
         f"Member must satisfy enum value set: [{', '.join(enum or [])}]")]
    return [words for is_there, is_kept, words in rules
            if is_there and (text is None or not is_kept())]


def shown(value):
    """A value in a message, as Java shows it."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{k}={shown(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(shown, value)) + "]"
    return str(value)


def violations(shape, value, path=""):
    """Every violation in `value`, in the model's order."""
    def told(rule):
        return f"Value '{shown(value)}' at '{path}' failed to satisfy constraint: {rule}"

    def entries(texts, inside, what):
        if inside.type_name == "string" and any(rules_told(inside, t) for t in texts):
            return [told(f"{what} must satisfy constraint: [{', '.join(rules_told(inside))}]")]
        return []

    def bounds(number, what):
        least, most = shape.metadata.get("min"), shape.metadata.get("max")
        over = [told(f"Member must have {what} less than or equal to {most}")
                ] if most is not None and number > most else []
        under = [told(f"Member must have {what} greater than or equal to {least}")
                 ] if least is not None and number < least else []
        return over + under

    if shape.type_name == "structure":
        return structure_violations(shape, value, path)
    if shape.type_name == "string":
        return [told(rule) for rule in rules_told(shape, value)]
    if shape.type_name in ("integer", "long"):
        return bounds(value, "value")
    if shape.type_name == "map":
        return (bounds(len(value), "length") + entries(value, shape.key, "Map keys") +
                entries(value.values(), shape.value, "Map value"))
    if shape.type_name == "list":
        out = bounds(len(value), "length") + entries(value, shape.member, "Member")
        if shape.member.type_name != "string":
            for i, item in enumerate(value):
                out += violations(shape.member, item, f"{path}.{i + 1}.member")
        return out
    return []


def structure_violations(shape, value, path):
    out = []
    for name, member in shape.members.items():
        at = (path + "." if path else "") + name[0].lower() + name[1:]
        if name in value:
            out += violations(member, value[name], at)
        elif name in shape.required_members:
            out.append(f"Value null at '{at}' failed to satisfy constraint: "
                       "Member must not be null")
    return out


def faultless(shape):
    """The smallest value that breaks no rule."""
    if shape.type_name == "structure":
        return {name: faultless(shape.members[name]) for name in shape.required_members}
    if shape.type_name == "list":
        return [faultless(shape.member)] * shape.metadata.get("min", 0)
    if shape.type_name == "map":
        return {}
    if shape.type_name == "string":
        samples = enum_of(shape) or SAMPLES
        return next(s for s in samples if not rules_told(shape, s))
    if shape.type_name in ("integer", "long"):
        return max(shape.metadata.get("min", 0), 0)
    return {"boolean": True, "timestamp": 0}[shape.type_name]


def faulty_texts(shape):
    """Texts that break each of a string's rules."""
    least, most = least_of(shape) or 0, shape.metadata.get("max")
    texts = [faultless(shape)[:least - 1]] if least else []
    texts += ["a" * (most + 1), "ü" * (most + 1)] if most is not None else []
    texts += [t for t in ODD if rules_told(shape, t) and
              least <= len(t) <= (most or len(t))][:1]
    return texts


def faulty(shape):
    """Values of this shape with one fault each, as deep in it as it goes."""
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if shape.type_name == "structure":
        for name in shape.required_members:
            yield {n: v for n, v in faultless(shape).items() if n != name}
        for name, member in shape.members.items():
            for value in faulty(member):
                yield {**faultless(shape), name: value}
    elif shape.type_name == "string":
        yield from faulty_texts(shape)
    elif shape.type_name in ("integer", "long"):
        yield from [least - 1] if least is not None else []
        yield from [most + 1] if most is not None else []
    elif shape.type_name == "list":
        item = faultless(shape.member)
        yield from [[item] * (least - 1)] if least else []
        yield from [[item] * (most + 1)] if most is not None else []
        yield from ([item, value] for value in faulty(shape.member) if most != 1)
        yield from ([value] for value in faulty(shape.member) if most == 1)
    elif shape.type_name == "map":
        key, item = faultless(shape.key), faultless(shape.value)
        yield from [{f"k{i}": item for i in range(most + 1)}] if most is not None else []
        yield from ({key: item, text: item} for text in faulty_texts(shape.key))
        yield from ({key: item, "b": text} for text in faulty_texts(shape.value))


def wrongly_typed(shape):
    """(Value, the path within it of what has the wrong JSON type), for each member."""
    if shape.type_name == "structure":
        for name, member in shape.members.items():
            for value, path in wrongly_typed(member):
                yield {**faultless(shape), name: value}, [name[0].lower() + name[1:], *path]
    elif shape.type_name == "list":
        for value, path in wrongly_typed(shape.member):
            yield [value], ["1", "member", *path]
    elif shape.type_name == "map":
        for value, path in wrongly_typed(shape.value):
            yield {"a": value}, ["a", *path]
    yield ("text" if shape.type_name != "string" else 7), []
