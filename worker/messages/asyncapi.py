"""The streams and their messages as AsyncAPI 3.0, for code and documentation generators."""

import json
from typing import Any

from worker.messages.schema import MESSAGES, message_type, schema_name

_PRIORITIES = {"events": "normal", "events:high": "high", "events:low": "low"}
_NAMESPACE = {"namespace": {"default": "offsample", "description": "OFFSAMPLE_NAMESPACE of the workers"}}


def generate_asyncapi() -> str:
    """`docs/schemas/asyncapi.json`: one channel a stream, seen from the worker's side."""
    event, *answers = [message_type(message) for message in MESSAGES]
    channels = {
        _channel_id(stream): _describe_channel(stream, [event], f"Datasets to classify, of {priority} priority.")
        for stream, priority in _PRIORITIES.items()
    }
    channels["results"] = _describe_channel("results", answers, "All answers to events.")
    channels["deadLetters"] = _describe_channel(
        "dead-letters", [event], "Rejected events, unchanged; they may be invalid messages."
    )
    operations = {
        f"classify_{name}": {"action": "receive", "channel": {"$ref": f"#/channels/{name}"}}
        for name in map(_channel_id, _PRIORITIES)
    }
    operations["answer"] = {"action": "send", "channel": {"$ref": "#/channels/results"}}
    operations["deadLetter"] = {"action": "send", "channel": {"$ref": "#/channels/deadLetters"}}
    document = {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Offsample",
            "version": "1.0.0",
            "description": "Each message is a CloudEvents 1.0 JSON object: the text of the one field `message` of an"
            " entry of a Redis or Valkey stream. docs/messages.md says how to send and receive them.",
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/cloudevents+json",
        "channels": channels,
        "operations": operations,
        "components": {"messages": {message_type(message): _describe_message(message) for message in MESSAGES}},
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _channel_id(stream: str) -> str:
    return stream.replace(":", "_")


def _describe_channel(stream: str, messages: list[str], description: str) -> dict[str, Any]:
    return {
        "address": f"{{namespace}}:{stream}",
        "description": description,
        "parameters": _NAMESPACE,
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in messages},
    }


def _describe_message(message: Any) -> dict[str, Any]:
    name = message_type(message)
    return {
        "name": name,
        "summary": (message.__doc__ or "").strip(),
        "payload": {
            "schemaFormat": "application/schema+json;version=draft-2020-12",
            "schema": {"$ref": schema_name(message)},
        },
    }
