from django.apps import AppConfig


class BenchmarksShopConfig(AppConfig):
    name = "benchmarks.shop"
    label = "benchmarks_shop"

    def ready(self) -> None:
        from benchmarks.shop.outside import register

        register()
