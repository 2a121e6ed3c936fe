import pytest
from django.db import connection
from django.test import TransactionTestCase

# These know nothing of the database; once is enough.
collect_ignore = [] if connection.vendor == "sqlite" else ["test_base.py", "test_local.py", "test_redis.py"]


@pytest.fixture(scope="class")
def nothing_to_empty(django_db_setup):
    """No row is written here, and to empty all tables takes longer than everything else."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", lambda _case: None)
        yield
