"""PostgreSQL and Redis, where they answer. Only databases made here are used, and only keys under our prefix."""

import os
from importlib.util import find_spec

from benchmarks.processes import listens

POSTGRES = ("PostgreSQL does not answer", "PGHOST", "PGPORT", "5432", "psycopg")
REDIS = ("Redis does not answer", "REDIS_HOST", "REDIS_PORT", "6379", "redis")


def why_no_postgres() -> str:
    """The reason why PostgreSQL cannot be measured with, empty when it can."""
    return _why_not(*POSTGRES)


def why_no_redis() -> str:
    """The reason why Redis cannot be measured with, empty when it can."""
    return _why_not(*REDIS)


def redis_url() -> str:
    """Where Redis is; ``SHOPCHAT_BENCHMARK_REDIS_DB`` chooses another of its databases than 15."""
    host, port = os.environ.get("REDIS_HOST", "127.0.0.1"), os.environ.get("REDIS_PORT", "6379")
    return f"redis://{host}:{port}/{os.environ.get('SHOPCHAT_BENCHMARK_REDIS_DB', '15')}"


def postgres(name: str) -> dict[str, str]:
    """Django's settings for a database of that name."""
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": name,
        "USER": os.environ.get("PGUSER", "root"),
        "PASSWORD": os.environ.get("PGPASSWORD", ""),
        "HOST": os.environ.get("PGHOST", "127.0.0.1"),
        "PORT": os.environ.get("PGPORT", "5432"),
    }


def _why_not(answer: str, host: str, port: str, default: str, package: str) -> str:
    if not find_spec(package):
        return f"the package {package} is not installed"
    return "" if listens(os.environ.get(host, "127.0.0.1"), int(os.environ.get(port, default))) else answer
