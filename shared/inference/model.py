"""Model cards and domain packs: what a model is, what it may be trusted with, and whether it is intact.

A pack is a folder with ``pack.yaml`` (name, languages, active version per task) and
``models/<task>/<version>/{model.onnx,tokenizer.json,card.yaml}``.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from shared.errors import ModelCardError, ModelIntegrityError

CARD_FILE = "card.yaml"
MODEL_FILE = "model.onnx"
TOKENIZER_FILE = "tokenizer.json"

Task = Literal["intent", "slots", "sentiment"]
Probability = Annotated[float, Field(ge=0.0, le=1.0)]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Platt(_Strict):
    """Platt scaling of one label: ``p = sigmoid(slope * logit + intercept)`` (Platt 1999)."""

    slope: float = Field(gt=0.0)
    intercept: float = 0.0


class Calibration(_Strict):
    """From raw outputs to honest probabilities.

    ``temperature`` divides the logits (Guo et al. 2017, "On Calibration of Modern Neural
    Networks"); ``per_label`` overrides it for single labels. ``curve`` maps a raw score to a
    calibrated one by linear interpolation between (raw, calibrated) knots, both rising; outside
    the knots the nearest end holds. It is used for frustration.
    """

    temperature: float = Field(default=1.0, gt=0.0)
    per_label: dict[str, Platt] = Field(default_factory=dict)
    curve: tuple[tuple[Probability, Probability], ...] = ()

    @model_validator(mode="after")
    def _curve_rises(self) -> Self:
        for (x0, y0), (x1, y1) in zip(self.curve, self.curve[1:], strict=False):
            if x1 <= x0 or y1 < y0:
                raise ValueError(f"curve must rise: knot {(x1, y1)} does not follow {(x0, y0)}")
        return self


class TrainingData(_Strict):
    """One source of training examples, with the licence it came under."""

    name: str
    licence: str
    examples: int = Field(ge=1)


class ModelCard(_Strict):
    """Everything a service must know of a model beside its weights.

    Attributes:
        task: which service it is for.
        version: as in the folder's name.
        languages: ISO 639-1 codes it was trained for; other languages get an abstention.
        labels: in the order of the model's outputs.
        thresholds: calibrated probability from which a label is accepted; intent cards have one
            for each label, the others none.
        review_below: for intents. Where no label is accepted, the confidence that indeed none
            applies is ``prod(1 - p_i)`` over all labels; below this value the service abstains.
        max_tokens: inputs are cut to this many tokens, the two special ones included.
        scores: by split ("dev", "test"), then by measure; ``messages`` counts what was scored.
        notes: what a reader must know before trusting the model.
        sha256: by file name, of ``model.onnx`` and ``tokenizer.json``.
    """

    task: Task
    version: str = Field(pattern=r"^[0-9A-Za-z][0-9A-Za-z.+-]{0,31}$")
    base_model: str
    languages: tuple[Annotated[str, Field(pattern=r"^[a-z]{2,3}$")], ...] = Field(min_length=1)
    labels: tuple[str, ...] = Field(min_length=1)
    thresholds: dict[str, Probability] = Field(default_factory=dict)
    calibration: Calibration = Calibration()
    review_below: Probability = 0.0
    max_tokens: int = Field(ge=8, le=512)
    training_data: tuple[TrainingData, ...] = ()
    scores: dict[str, dict[str, float]] = Field(default_factory=dict)
    notes: str = ""
    sha256: dict[str, Sha256]

    @property
    def name(self) -> str:
        """``<task>@<version>``, as analyses carry it."""
        return f"{self.task}@{self.version}"

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if len(set(self.labels)) != len(self.labels):
            raise ValueError("labels: a label is named twice")
        known = set(self.labels)
        for field, keys in (("thresholds", self.thresholds), ("calibration", self.calibration.per_label)):
            if unknown := sorted(set(keys) - known):
                raise ValueError(f"{field}: {unknown[0]!r} is not among the labels")
        if self.task == "intent" and (missing := sorted(known - set(self.thresholds))):
            raise ValueError(f"thresholds: {missing[0]!r} has none; every intent needs one")
        if set(self.sha256) != {MODEL_FILE, TOKENIZER_FILE}:
            raise ValueError(f"sha256: must name exactly {MODEL_FILE} and {TOKENIZER_FILE}")
        return self


class Pack(_Strict):
    """A domain pack as ``pack.yaml`` states it; ``directory`` is where it lies."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_-]{0,63}$")
    version: int = Field(ge=1)
    languages: tuple[Annotated[str, Field(pattern=r"^[a-z]{2,3}$")], ...] = Field(min_length=1)
    models: dict[Task, str]
    directory: Path

    def model_directory(self, task: Task) -> Path:
        """Folder of the active model of a task; ModelCardError if the pack names none."""
        if task not in self.models:
            raise ModelCardError(
                f"{self.directory / 'pack.yaml'}: models.{task} is missing; name the version to serve"
            )
        return self.directory / "models" / task / self.models[task]


def load_pack(directory: Path) -> Pack:
    """Read ``pack.yaml``; ModelCardError names the field and the problem."""
    path = directory / "pack.yaml"
    return _validated(Pack, {**_read_yaml(path), "directory": directory}, path)


def load_card(directory: Path) -> ModelCard:
    """Read ``card.yaml`` strictly (unknown fields are errors); the files' hashes are not yet checked.

    Raises:
        ModelCardError: missing or malformed card, or one of another version than its folder.
    """
    path = directory / CARD_FILE
    card = _validated(ModelCard, _read_yaml(path), path)
    if card.version != directory.resolve().name:
        raise ModelCardError(
            f"{path}: version is {card.version!r}, but the folder is {directory.resolve().name!r}; they must agree"
        )
    return card


def verify_file(directory: Path, file: str, card: ModelCard) -> Path:
    """Path of a model file whose sha256 has been found to be the one on the card.

    Raises:
        ModelCardError: the file cannot be read.
        ModelIntegrityError: its sha256 is not the one on the card.
    """
    path = directory / file
    try:
        with path.open("rb") as stream:
            actual = hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise ModelCardError(f"{path}: cannot be read ({error.strerror}); is the pack complete?") from error
    if actual != card.sha256[file]:
        raise ModelIntegrityError(path, card.sha256[file], actual)
    return path


def verify_files(directory: Path, card: ModelCard) -> None:
    """Check the hashes of all files of a model; raises as `verify_file`."""
    for file in card.sha256:
        verify_file(directory, file, card)


_M = TypeVar("_M", bound=BaseModel)


def _read_yaml(path: Path) -> dict[str, Any]:
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ModelCardError(f"{path}: cannot be read ({error.strerror})") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ModelCardError(f"{path}: is not valid YAML: {error}") from error
    if not isinstance(content, dict):
        raise ModelCardError(f"{path}: must hold a mapping of fields")
    return content


def _validated(model: type[_M], content: dict[str, Any], path: Path) -> _M:
    try:
        return model.model_validate(content)
    except ValidationError as error:
        problems = "; ".join(
            f"{'.'.join(str(part) for part in problem['loc']) or 'card'}: {problem['msg']}"
            for problem in error.errors()
        )
        raise ModelCardError(f"{path}: {problems}") from error
