"""The protos as protoc reads them, comments and all."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory

from google.protobuf.descriptor_pb2 import DescriptorProto, FileDescriptorProto, FileDescriptorSet
from grpc_tools import protoc  # type: ignore[import-untyped]

REPOSITORY = Path(__file__).resolve().parents[3]
PROTOS = REPOSITORY / "protos"
OURS = "switchyard/v1/"

# Field numbers of descriptor.proto, of which the paths of SourceCodeInfo are made.
MESSAGE, ENUM, SERVICE = 4, 5, 6
NESTED, METHOD, VALUE = 3, 2, 2


@dataclass(frozen=True, slots=True)
class Declared:
    """Something that a proto declares, by its kind and full name, with the comment that stands before it."""

    kind: str
    name: str
    comment: str


@cache
def read_protos() -> tuple[FileDescriptorProto, ...]:
    """Our files, without those that they import."""
    with TemporaryDirectory() as folder:
        target = Path(folder) / "protos.binpb"
        paths = sorted(str(path) for path in (PROTOS / OURS).glob("*.proto"))
        arguments = ["protoc", f"-I{PROTOS}", f"-I{files('grpc_tools') / '_proto'}", "--include_imports"]
        arguments += ["--include_source_info", f"--descriptor_set_out={target}"]
        assert protoc.main([*arguments, *paths]) == 0, "protoc refused the protos; its messages stand above"
        found = FileDescriptorSet.FromString(target.read_bytes())
    return tuple(file for file in found.file if file.name.startswith(OURS))


def declarations(file: FileDescriptorProto) -> Iterator[Declared]:
    """Messages, enums, services and methods of a file; the file itself by the comment on its syntax."""
    comments = {tuple(place.path): place.leading_comments.strip() for place in file.source_code_info.location}
    yield Declared("file", file.name, comments.get((12,), ""))
    for i, message in enumerate(file.message_type):
        yield from _of_message(message, (MESSAGE, i), comments)
    for i, enum in enumerate(file.enum_type):
        yield Declared("enum", enum.name, comments.get((ENUM, i), ""))
    for i, service in enumerate(file.service):
        yield Declared("service", service.name, comments.get((SERVICE, i), ""))
        for j, method in enumerate(service.method):
            name = f"{service.name}.{method.name}"
            yield Declared("method", name, comments.get((SERVICE, i, METHOD, j), ""))


def _of_message(
    message: DescriptorProto, path: tuple[int, ...], comments: dict[tuple[int, ...], str]
) -> Iterator[Declared]:
    if message.options.map_entry:
        return
    yield Declared("message", message.name, comments.get(path, ""))
    for i, nested in enumerate(message.nested_type):
        yield from _of_message(nested, (*path, NESTED, i), comments)
