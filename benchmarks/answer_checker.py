"""Checks answers against the events that were sent; trusts nothing of this project, and imports nothing of it.

python benchmarks/answer_checker.py SENT.jsonl MESSAGES.jsonl

SENT has one event a line, once for each time that it was sent; MESSAGES one entry of the results stream a line.
Prints what is wrong, a line each, and ends with exit code 1 if anything is.
"""

import json
import sys
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

CHUNK = "offsample.ion_images.classified.v1"
CLOSING = "offsample.dataset.classified.v1"
REJECTED = "offsample.dataset.rejected.v1"
Message = dict[str, Any]


def find_faults(sent: Sequence[Message], messages: Sequence[Message]) -> list[str]:
    """What is lost, doubled, incomplete, mixed or never asked for; a sentence each.

    Every event is expected to be classified once. For each further time that it was sent, its closing message is
    expected once more: the same message, under the same id.
    """
    events = {(event["source"], event["id"]): event for event in sent}
    times_sent = Counter((event["source"], event["id"]) for event in sent)
    answers: dict[tuple[str, str], list[Message]] = defaultdict(list)
    for message in messages:
        answers[message["data"]["event_source"], message["data"]["event_id"]].append(message)
    faults = [f"event {identity} was never sent, but answered" for identity in answers.keys() - events.keys()]
    for identity, event in events.items():
        repeats = times_sent[identity] - 1
        faults += [f"event {identity}: {fault}" for fault in _find_faults_of(event, answers.get(identity, []), repeats)]
    return faults


def _find_faults_of(event: Message, messages: Sequence[Message], repeats: int) -> list[str]:
    first = [message for number, message in enumerate(messages) if message not in messages[:number]]
    again = [message for number, message in enumerate(messages) if message in messages[:number]]
    faults = _find_faults_of_answer(event, first)
    if [message["type"] for message in again] != [CLOSING] * repeats:
        faults.append(f"was sent {1 + repeats} times, and {len(again)} messages were published again")
    if len({message["id"] for message in first}) != len(first):
        faults.append("has different messages under one id")
    return faults


def _find_faults_of_answer(event: Message, messages: Sequence[Message]) -> list[str]:
    chunks = [one["data"] for one in messages if one["type"] == CHUNK]
    closings = [one["data"] for one in messages if one["type"] == CLOSING]
    rejections = [one["data"] for one in messages if one["type"] == REJECTED]
    if rejections:
        return [f"was rejected: {rejections[0]['error']}"]
    if len(closings) != 1:
        return [f"has {len(closings)} closing messages; expected one"]
    faults = []
    if messages[-1]["type"] != CLOSING:
        faults.append("has a message after its closing message")
    parts = [chunk["part"] for chunk in chunks]
    if parts != list(range(1, closings[0]["parts"] + 1)):
        faults.append(f"has the parts {parts}; expected 1 to {closings[0]['parts']}, in order")
    releases = {data["release"] for data in (*chunks, *closings)}
    if len(releases) != 1:
        faults.append(f"has answers of several releases: {sorted(releases)}")
    ids = [row["annotation_id"] for chunk in chunks for row in chunk["rows"]]
    expected = [annotation["annotation_id"] for annotation in event["data"]["annotations"]]
    if ids != expected:
        faults.append(f"has rows for {len(ids)} ions, or in another order; expected the {len(expected)} that were sent")
    unlabelled = sum(row["label"] not in ("on", "off") for chunk in chunks for row in chunk["rows"])
    if unlabelled:
        faults.append(f"has {unlabelled} rows without label")
    return faults


def _read(path: str) -> list[Message]:
    return [json.loads(line) for line in Path(path).read_text(encoding="utf-8").splitlines()]


if __name__ == "__main__":
    found = find_faults(_read(sys.argv[1]), _read(sys.argv[2]))
    print("\n".join(found) or "nothing is lost, doubled or mixed")
    sys.exit(1 if found else 0)
