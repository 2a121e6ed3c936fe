import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from shopchat.examination import examine


class Command(BaseCommand):
    help = "Looks at the installation and says what is missing and what to do. Exit code 1 when something is wrong."
    # The findings include what Django's own checks would stop at.
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="Print one JSON object instead of text.")

    def handle(self, *args: Any, **options: Any) -> None:
        findings = examine()
        wrong = [finding for finding in findings if not finding.ok and finding.serious]
        if options["json"]:
            self.stdout.write(json.dumps({"ok": not wrong, "findings": [f.as_dict() for f in findings]}))
        else:
            for finding in findings:
                self._print(finding.ok, finding.serious, finding.name, finding.says, finding.remedy)
        if wrong:
            raise CommandError("Something is wrong; see above.", returncode=1)

    def _print(self, ok: bool, serious: bool, name: str, says: str, remedy: str) -> None:
        mark = (
            self.style.SUCCESS("ok     ")
            if ok
            else self.style.ERROR("WRONG  ")
            if serious
            else self.style.WARNING("notice ")
        )
        self.stdout.write(f"{mark} {name}: {says}")
        if not ok and remedy:
            self.stdout.write(f"        {remedy}")
