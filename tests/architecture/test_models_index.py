"""`shopchat/models.py` is what Django reads; a table that it does not name has no migration.

Django notices nothing: a model that nobody imports does not exist.
"""

import ast
from importlib import import_module

from django.db.models import Model

from tests.architecture.tree import ROOT, parse


def defined_models():
    """Names of the concrete models in every `shopchat/<package>/models.py`."""
    names = set()
    for path in sorted(ROOT.joinpath("shopchat").glob("*/models.py")):
        module = import_module(f"shopchat.{path.parent.name}.models")
        names |= {
            name
            for name, thing in vars(module).items()
            if isinstance(thing, type)
            and issubclass(thing, Model)
            and thing.__module__ == module.__name__
            and not thing._meta.abstract
        }
    return names


def indexed_models(tree):
    """Names in the order in which the index has them."""
    return [
        alias.asname or alias.name
        for node in tree.body
        if isinstance(node, ast.ImportFrom) and (node.module or "").endswith(".models")
        for alias in node.names
    ]


def missing(defined, tree):
    return sorted(defined - set(indexed_models(tree)))


def test_the_index_names_every_model():
    assert missing(defined_models(), parse(ROOT / "shopchat/models.py")) == []


def test_the_index_is_alphabetical():
    modules = [node.module for node in parse(ROOT / "shopchat/models.py").body if isinstance(node, ast.ImportFrom)]

    assert modules == sorted(modules)


def test_a_model_that_the_index_forgot_is_found():
    tree = ast.parse("from shopchat.visitors.models import Visitor")

    assert missing({"Visitor", "Message"}, tree) == ["Message"]
    assert defined_models(), "the rule reads no models at all"
