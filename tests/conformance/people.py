"""Users of one service, and the service as each of them sees it."""

import copy
import json


def add(service, name, *options):
    """Adds a user; the service as they see it."""
    done = service.run("users", "add", name, "--json", *options)
    assert done.returncode == 0, done.stderr
    return seen_by(service, json.loads(done.stdout))


def seen_by(service, key):
    theirs = copy.copy(service)
    theirs.access_key, theirs.secret_key = key["AccessKeyId"], key["SecretAccessKey"]
    theirs.token, theirs.clients = key.get("Token"), {}
    return theirs
