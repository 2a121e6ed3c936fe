"""Settings of the demo store with tables made without migrations, on the database that ``SHOPCHAT_DB_*`` names."""

from benchmarks.shop.settings import MIGRATION_MODULES as MIGRATION_MODULES
from example_site.settings import *  # noqa: F403 the store, with another way of making its tables
