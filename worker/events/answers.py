"""The messages that answer one event; their ids are the same when the event is repeated."""

import json
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from pydantic_core import to_json

from model_store.predictors.predictor import Engine, Predictor
from shared.errors import InvalidInputError
from worker.classification.classification import Classification
from worker.ledger.claim import DONE_VERSION, Answer, Claim, DeadLetter, DoneRecord
from worker.ledger.names import Names
from worker.messages.event import DatasetAnnotatedEvent, EventIdentity
from worker.messages.rejection import answer_source, make_rejection
from worker.messages.results import (
    ROWS_PER_CHUNK,
    DatasetClassified,
    DatasetSummary,
    IonImagesClassified,
    ResultChunk,
    Timings,
    Tried,
)


def digest_event(event: DatasetAnnotatedEvent, version: int = DONE_VERSION) -> str:
    """SHA-256 of the type and data of the event; attributes such as `time` may differ in a repeat.

    Only fields that were sent are included, so a field added in a later version does not change the digest. `version`
    is that of the record to compare with: version 1 included the defaults too.
    """
    if version < DONE_VERSION:
        return sha256(to_json({"type": event.type, "data": event.data.model_dump(mode="json")})).hexdigest()
    sent = {"type": event.type, "data": event.data.model_dump(mode="json", exclude_unset=True)}
    return sha256(json.dumps(sent, sort_keys=True).encode()).hexdigest()


def is_about(done: DoneRecord, event: DatasetAnnotatedEvent) -> bool:
    """Whether the record belongs to an event of this source and id."""
    about = json.loads(done.closing)["data"]
    return (about["event_source"], about["event_id"]) == (event.source, event.id)


def classified_answer(
    event: DatasetAnnotatedEvent,
    claim: Claim,
    names: Names,
    found: Classification,
    predictor: Predictor,
    total_seconds: float,
) -> Answer:
    """Chunks of rows, then the closing message."""
    data, release = event.data, predictor.release
    threshold = release.manifest.threshold if data.threshold is None else data.threshold
    about: dict[str, Any] = {
        "event_id": event.id,
        "event_source": event.source,
        "dataset_id": data.dataset_id,
        "release": release.version,
        "threshold": threshold,
    }
    envelope: dict[str, Any] = {
        "source": answer_source(event.source),
        "subject": data.dataset_id,
        "time": datetime.now(UTC),
        "traceparent": event.traceparent,
    }
    starts = range(0, len(found.rows), ROWS_PER_CHUNK)
    chunks = [
        IonImagesClassified(
            id=f"{event.id}/{part}",
            data=ResultChunk(**about, part=part, parts=len(starts), rows=found.rows[start : start + ROWS_PER_CHUNK]),
            **envelope,
        )
        for part, start in enumerate(starts, start=1)
    ]
    closing = DatasetClassified(
        id=f"{event.id}/closing",
        data=DatasetSummary(
            **about,
            engine="tensorflow" if predictor.engine is Engine.TENSORFLOW else "onnx",
            parts=len(chunks),
            counts=found.counts,
            timings=Timings(
                queued_seconds=round(claim.queued_seconds, 3),
                predict_seconds=round(found.stages.predict.seconds, 3),
                total_seconds=round(total_seconds, 3),
            ),
            off_sample_area=found.off_sample_area,
            off_sample_area_probability=found.off_sample_area_probability,
            assessment=found.assessment,
            report=data.report,
            profile=found.profile,
        ),
        **envelope,
    )
    texts = [message.model_dump_json() for message in (*chunks, closing)]
    return Answer(
        done_key=names.done(event.source, event.id),
        index_key=names.answers(event.id),
        messages=texts,
        done=DoneRecord(version=DONE_VERSION, entry=claim.entry, digest=digest_event(event), closing=texts[-1]),
    )


def repeated_answer(event: DatasetAnnotatedEvent, names: Names, done: DoneRecord) -> Answer:
    """The closing message again, for an event that was finished before."""
    return Answer(names.done(event.source, event.id), names.answers(event.id), [done.closing])


def rejected_answer(
    identity: EventIdentity, claim: Claim, names: Names, error: InvalidInputError, *, dead_letter: bool
) -> Answer:
    """A rejection; with `dead_letter` the event itself becomes a dead letter."""
    tried = Tried(deliveries=claim.deliveries, stream=claim.stream, entry_id=claim.entry_id, worker=claim.consumer)
    message = make_rejection(identity, tried, error)
    event_id = identity.event_id or claim.entry
    return Answer(
        done_key=names.done(identity.source or "", event_id),
        index_key=names.answers(event_id),
        messages=[message.model_dump_json()],
        dead_letter=DeadLetter(error.code, str(error)) if dead_letter else None,
    )
