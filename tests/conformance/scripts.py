"""What jobs of a script bring along: its source archive, and packages to install."""

import base64
import hashlib
import io
import tarfile
import zipfile


def archive(*members):
    """A sourcedir.tar.gz of (name, bytes or a TarInfo's changes)."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as tar:
        for name, content in members:
            info = tarfile.TarInfo(name)
            if isinstance(content, bytes):
                info.size = len(content)
                tar.addfile(info, io.BytesIO(content))
            else:
                for attribute, value in content.items():
                    setattr(info, attribute, value)
                tar.addfile(info)
    return out.getvalue()


def trained(service, key, body, program="train.py", **more):
    """A job in PyTorch mode with this source archive, as the SDK asks for it."""
    service.put(key, body)
    request = service.request(HyperParameters={
        "sagemaker_submit_directory": f'"s3://{service.bucket}/{key}"',
        "sagemaker_program": f'"{program}"', "sagemaker_region": '"us-east-1"',
        "sagemaker_container_log_level": "20", "lr": "0.5"}, **more)
    del request["AlgorithmSpecification"]["ContainerEntrypoint"]
    del request["AlgorithmSpecification"]["ContainerArguments"]
    service.client("sagemaker").create_training_job(**request)
    return service.wait(request["TrainingJobName"])


def wheel(directory, name, version, modules, requires=(), scripts=""):
    """A wheel as pip takes it; its path."""
    info = f"{name}-{version}.dist-info"
    files = {**modules, f"{info}/METADATA": "\n".join([
        "Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}",
        *(f"Requires-Dist: {r}" for r in requires), ""]),
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"}
    if scripts:
        files[f"{info}/entry_points.txt"] = f"[console_scripts]\n{scripts}\n"
    record = ""
    for path, text in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
        record += f"{path},sha256={digest},{len(text)}\n"
    path = directory / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as out:
        for inside, text in {**files, f"{info}/RECORD": record}.items():
            out.writestr(inside, text)
    path.chmod(0o644)
    return path
