"""Django's commands in the benchmarks' shop: ``python -m benchmarks.shop.manage qcluster``."""

import os
import sys

from django.core.management import execute_from_command_line

os.environ["DJANGO_SETTINGS_MODULE"] = "benchmarks.shop.settings"

if __name__ == "__main__":
    execute_from_command_line(sys.argv)
