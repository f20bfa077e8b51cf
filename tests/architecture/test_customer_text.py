"""Customer text never reaches logs or metrics: not by name, not by the field that holds it, not by an error's words.

A check of names: it sees what somebody writes without thinking, not what somebody hides.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest

from tests.architecture.source import Module, modules

LOGGERS = {"log", "logger", "logging"}
LEVELS = {"debug", "info", "warning", "warn", "error", "critical", "exception", "log", "bind", "msg"}
# Fields of the domain and of the protos that hold what people wrote, and names that such values get.
TEXT = {"text", "body", "subject", "content", "message_text", "note", "sentence", "sentences", "utterance", "attributes"}
ERROR_NAMES = {"error", "exc", "exception", "e", "err"}
# These log what an error says, where it says nothing of any message:
ERRORS_THAT_MAY_SPEAK = {
    "services/router/policy_store.py": "of the policy document, which the operator wrote",
    "shared/inference/host.py": "of a model's files",
    "shared/inference/lexicon_store.py": "of the lexicon, which the operator wrote",
    "shared/streams/consumer.py": "the store's own words on a stream command, whose arguments are ids",
}


def is_logging(call: ast.Call) -> bool:
    return (
        isinstance(call.func, ast.Attribute)
        and call.func.attr in LEVELS
        and isinstance(call.func.value, ast.Name)
        and call.func.value.id in LOGGERS
    )


def is_labelling(call: ast.Call) -> bool:
    """``metric.labels(…)``, which makes a time series of each value."""
    return isinstance(call.func, ast.Attribute) and call.func.attr == "labels"


def told(call: ast.Call) -> Iterator[ast.expr]:
    """What a call hands over."""
    yield from call.args
    yield from (keyword.value for keyword in call.keywords)


def texts_in(call: ast.Call) -> Iterator[str]:
    """Names under which a call could hand over what somebody wrote."""
    yield from (keyword.arg for keyword in call.keywords if keyword.arg in TEXT)
    for argument in told(call):
        for node in ast.walk(argument):
            if isinstance(node, ast.Attribute) and node.attr in TEXT:
                yield f".{node.attr}"
            elif isinstance(node, ast.Name) and node.id in TEXT:
                yield node.id


def errors_in(call: ast.Call) -> Iterator[str]:
    """Errors that a call hands over with their words: ``str(error)``, ``repr(…)``, ``exc_info=True``, itself."""
    yield from (keyword.arg for keyword in call.keywords if keyword.arg == "exc_info")
    if isinstance(call.func, ast.Attribute) and call.func.attr == "exception":
        yield "log.exception"
    for argument in told(call):
        if isinstance(argument, ast.Name) and argument.id in ERROR_NAMES:
            yield argument.id
        for node in ast.walk(argument):
            spoken = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("str", "repr")
            if spoken or isinstance(node, ast.FormattedValue):
                inner = [one for one in ast.walk(node) if isinstance(one, (ast.Name, ast.Attribute))]
                names = {one.id if isinstance(one, ast.Name) else one.attr for one in inner}
                yield from sorted(names & ERROR_NAMES)


def calls_of(tree: ast.AST) -> Iterator[ast.Call]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.Call))


def one(source: str) -> ast.Call:
    """A call as it stands in a source line."""
    return next(calls_of(ast.parse(source)))


@pytest.mark.parametrize("module", modules(), ids=lambda module: module.path)
def test_no_log_and_no_label_holds_what_somebody_wrote(module: Module) -> None:
    for call in calls_of(module.tree):
        if is_logging(call) or is_labelling(call):
            assert not list(texts_in(call)), f"{module.path}:{call.lineno} hands over {list(texts_in(call))}"


@pytest.mark.parametrize("module", modules(), ids=lambda module: module.path)
def test_errors_are_logged_by_their_type(module: Module) -> None:
    for call in calls_of(module.tree):
        if is_logging(call) and module.path not in ERRORS_THAT_MAY_SPEAK:
            assert not list(errors_in(call)), f"{module.path}:{call.lineno}: an error's words could quote the customer"


def test_every_exception_is_needed() -> None:
    speaking = {
        module.path
        for module in modules()
        for call in calls_of(module.tree)
        if is_logging(call) and list(errors_in(call))
    }
    assert set(ERRORS_THAT_MAY_SPEAK) <= speaking


@pytest.mark.parametrize(
    "source",
    [
        "log.info('submitted', text=value)",
        "log.info('submitted', said=message.text)",
        "log.warning('odd', first=new.subject[:10])",
        "logger.error(f'cannot read {body}')",
        "log.debug('x', why=str(request.message.text))",
    ],
)
def test_text_in_a_log_call_is_seen(source: str) -> None:
    assert is_logging(one(source))
    assert list(texts_in(one(source)))


def test_text_in_a_label_is_seen() -> None:
    call = one("self._counter.labels(message.text)")
    assert is_labelling(call)
    assert list(texts_in(call))


@pytest.mark.parametrize(
    "source",
    [
        "log.error('failed', error=str(error))",
        "log.error('failed', error=repr(task.exception()))",
        "log.error('failed', error=error)",
        "log.error(f'failed: {error}')",
        "log.exception('failed')",
        "log.error('failed', exc_info=True)",
    ],
)
def test_an_error_with_its_words_is_seen(source: str) -> None:
    assert list(errors_in(one(source)))


def test_what_is_fine_is_left_alone() -> None:
    call = one("log.error('failed', error=type(error).__name__, entry=entry.id, count=len(entries))")
    assert not list(texts_in(call))
    assert not list(errors_in(call))
