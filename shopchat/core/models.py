from django.db import models


class Heartbeat(models.Model):
    """When something that runs by itself was last heard of. Its silence is how a hung worker is noticed."""

    name = models.CharField(max_length=64, unique=True)
    beat_at = models.DateTimeField()

    class Meta:
        verbose_name = "heartbeat"
        verbose_name_plural = "heartbeats"

    def __str__(self) -> str:
        return self.name
