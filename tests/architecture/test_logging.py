"""What people wrote and who they are never reaches the logs."""

import ast

import pytest

from tests.architecture.tree import parse, python_files, relative

LEVELS = {"critical", "debug", "error", "exception", "info", "log", "warning"}
PRIVATE = {
    "address", "body", "content", "cookie", "cookies", "draft", "email", "ip", "key", "message", "meta",
    "password", "phone", "post", "public_name", "query", "secret", "text", "ticket", "token",
    "user_agent", "username", "value",
}  # fmt: skip
# A plain variable of this name may be anything; of a person it is private.
PRIVATE_OF_SOMETHING = {"full_name", "name"}


def offences(tree):
    """(line, name) of each private thing that a call of a logger is given."""
    for call in ast.walk(tree):
        if not _is_log_call(call):
            continue
        arguments = [*call.args, *(keyword.value for keyword in call.keywords)]
        for node in (node for argument in arguments for node in ast.walk(argument)):
            if _is_private(node):
                yield call.lineno, ast.unparse(node)


def test_nothing_private_is_logged():
    found = {relative(path): list(offences(parse(path))) for path in python_files()}

    assert {path: names for path, names in found.items() if names} == {}


@pytest.mark.parametrize(
    "source",
    [
        'logger.info("Got %s", message.text)',
        'logger.warning("From %s", phone)',
        'logging.getLogger(__name__).error("x", extra={"who": contact.email})',
        'logger.info("Hello %s", contact.name)',
        'logger.exception("Bad token %s", request.POST["token"])',
        'logger.debug(f"{visitor.secret}")',
    ],
)
def test_a_private_thing_in_a_log_is_found(source):
    assert list(offences(ast.parse(source)))


def test_ids_may_be_logged():
    assert list(offences(ast.parse('logger.info("Closed %s in %s ms", conversation.pk, spent)'))) == []


def _is_log_call(node):
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute) or node.func.attr not in LEVELS:
        return False
    return "log" in ast.unparse(node.func.value).lower()


def _is_private(node):
    if isinstance(node, ast.Name):
        return node.id.lower() in PRIVATE
    return isinstance(node, ast.Attribute) and node.attr.lower() in PRIVATE | PRIVATE_OF_SOMETHING
