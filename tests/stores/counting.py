"""How many queries something makes."""

from django.db import connection
from django.test.utils import CaptureQueriesContext


def queries_of(read):
    with CaptureQueriesContext(connection) as queries:
        read()
        return len(queries)
