import json
import os

from django.apps import AppConfig


class PlantedConfig(AppConfig):
    """Puts the bug that the driver asked for into this process."""

    name = "tests.faults.planted"
    label = "faults_planted"

    def ready(self) -> None:
        from tests.faults.planted.bugs import BUGS

        if bug := BUGS.get(json.loads(os.environ["SHOPCHAT_FAULTS"])["plant"]):
            bug()
