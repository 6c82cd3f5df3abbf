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
# The id and source of an answer contain those of its event.
MessageId = Annotated[str, StringConstraints(min_length=1, max_length=512)]
SourceUri = Annotated[str, StringConstraints(min_length=1, max_length=2048)]
DatasetId = Annotated[str, StringConstraints(min_length=1, max_length=512)]
AnnotationId = Annotated[str, StringConstraints(min_length=1, max_length=512)]
Traceparent = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$")]
Probability = Annotated[float, Field(ge=0, le=1)]

_EXTENSION_NAME = "[a-z0-9]{1,64}"


class MessagePart(BaseModel):
    """A JSON object with the described fields only, each strictly of its type."""

    model_config = ConfigDict(
        strict=True, extra="forbid", frozen=True, allow_inf_nan=False, use_attribute_docstrings=True
    )


class CloudEvent(MessagePart):
    """Context attributes of CloudEvents 1.0; extension attributes are accepted."""

    model_config = ConfigDict(extra="allow", json_schema_extra={"propertyNames": {"pattern": f"^{_EXTENSION_NAME}$"}})

    specversion: Literal["1.0"] = "1.0"
    """Version of CloudEvents."""

    id: MessageId
    """Unique within `source`; a message with the same id is a repeat."""

    source: SourceUri
    """The sender, a URI reference."""

    type: str
    """Kind and version of the message."""

    time: AwareDatetime | None = None
    """When it happened, RFC 3339."""

    subject: str | None = None
    """The dataset's id, for routing."""

    datacontenttype: Literal["application/json"] = "application/json"
    """Media type of `data`."""

    dataschema: str | None = None
    """Where the schema of `data` is described."""

    traceparent: Traceparent | None = None
    """W3C trace context; the answers to an event are of the same trace."""

    @model_serializer(mode="wrap")
    def _leave_out_unset_attributes(self, serialize: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {name: value for name, value in serialize(self).items() if value is not None}

    @model_validator(mode="after")
    def _check_extension_names(self) -> Self:
        for name in self.model_extra or {}:
            if not re.fullmatch(_EXTENSION_NAME, name):
                msg = (
                    f"expected an attribute name of lower-case letters and digits (CloudEvents 1.0), got {name[:64]!r}"
                )
                raise ValueError(msg)
        return self
