"""The envelope that every message shares: CloudEvents 1.0, structured mode, JSON."""

import re
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    StringConstraints,
    model_serializer,
    model_validator,
)

EventId = Annotated[str, StringConstraints(min_length=1, max_length=480)]
EventSource = Annotated[str, StringConstraints(min_length=1, max_length=2000)]
# An answer's id and source hold those of its event and some letters more.
MessageId = Annotated[str, StringConstraints(min_length=1, max_length=512)]
SourceUri = Annotated[str, StringConstraints(min_length=1, max_length=2048)]
DatasetId = Annotated[str, StringConstraints(min_length=1, max_length=512)]
AnnotationId = Annotated[str, StringConstraints(min_length=1, max_length=512)]
Traceparent = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$")]
Probability = Annotated[float, Field(ge=0, le=1)]

_EXTENSION_NAME = "[a-z0-9]{1,64}"


class MessagePart(BaseModel):
    """A JSON object in which only the described fields may stand, each with its very type."""

    model_config = ConfigDict(
        strict=True, extra="forbid", frozen=True, allow_inf_nan=False, use_attribute_docstrings=True
    )


class CloudEvent(MessagePart):
    """Context attributes of CloudEvents 1.0; attributes of further extensions are let through."""

    model_config = ConfigDict(extra="allow", json_schema_extra={"propertyNames": {"pattern": f"^{_EXTENSION_NAME}$"}})

    specversion: Literal["1.0"] = "1.0"
    """Version of CloudEvents."""

    id: MessageId
    """Unique within `source`; a repeat of the same id is the same message."""

    source: SourceUri
    """Who sends: a URI reference."""

    type: str
    """What kind of message this is, with its version."""

    time: AwareDatetime | None = None
    """When it happened, RFC 3339."""

    subject: str | None = None
    """The dataset's id, for routing."""

    datacontenttype: Literal["application/json"] = "application/json"
    """Form of `data`."""

    dataschema: str | None = None
    """Where the schema of `data` is described."""

    traceparent: Traceparent | None = None
    """W3C trace context, handed on from event to results."""

    @model_serializer(mode="wrap")
    def _leave_out_unset_attributes(self, serialize: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {name: value for name, value in serialize(self).items() if value is not None}

    @model_validator(mode="after")
    def _check_extension_names(self) -> Self:
        for name in self.model_extra or {}:
            if not re.fullmatch(_EXTENSION_NAME, name):
                msg = f"{name[:64]!r} is no attribute of CloudEvents 1.0; expected lower-case letters and digits"
                raise ValueError(msg)
        return self
