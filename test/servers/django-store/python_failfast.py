"""What a Python service that runs failfast does with Django's cache, told line by line by a test.

The first argument is the settings as JSON. Each line of the input is a JSON list, a command and its arguments; each
gets a line of output: {"answer": …} or {"raises": "the exception's class"}.
"""

import json
import os
import sys
import time

given = json.loads(sys.argv[1])
os.environ["TZ"] = given.get("TIME_ZONE", "UTC")
time.tzset()

from django.conf import settings  # noqa: E402

settings.configure(**given)

import django  # noqa: E402

django.setup()

from django.core.cache import cache  # noqa: E402
from django.core.management import call_command  # noqa: E402


class Rejected(Exception):
    pass


class Backend(Exception):
    pass


def call(name, timeout, works):
    """One call of a function that is decorated with @failfast(name, timeout, DjangoCacheStore(cache))."""
    if cache.get(name, False):
        raise Rejected
    if not works:
        cache.set(name, True, timeout)
        raise Backend
    return "served"


COMMANDS = {
    "version": lambda: list(django.VERSION[:2]),
    "migrate": lambda: call_command("createcachetable"),
    "call": call,
    "broken": lambda name: bool(cache.get(name, False)),
    "set": lambda name, value, timeout: cache.set(name, value, timeout),
    "delete": lambda name: bool(cache.delete(name)),
    "clear": lambda: cache.clear(),
    "key": lambda name: cache.make_key(name),
}

for line in sys.stdin:
    command, *arguments = json.loads(line)
    try:
        answer = {"answer": COMMANDS[command](*arguments)}
    except Exception as error:
        answer = {"raises": type(error).__name__}
    print(json.dumps(answer), flush=True)
