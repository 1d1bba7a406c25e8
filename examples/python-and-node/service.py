"""A Django service whose backend is down: run it beside node.mjs."""

import os
import time

from django.conf import settings

settings.configure(
    CACHES={
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": os.environ["REDIS_URL"],
        }
    }
)

import django  # noqa: E402

django.setup()

from django.core.cache import cache  # noqa: E402
from failfast import FailfastException, failfast  # noqa: E402
from failfast.store import DjangoCacheStore  # noqa: E402


@failfast("sales_api", 60, DjangoCacheStore(cache))
def invoices(customer):
    raise ConnectionError("the backend of %s is down" % customer)


while True:
    try:
        invoices("ann")
    except FailfastException:
        print("rejected: somebody found out", flush=True)
    except ConnectionError as error:
        print("failed:", error, flush=True)
    time.sleep(1)
