"""Every error this project raises on purpose, as one tree.

    OffSampleError
    ├── InvalidInputError              the caller's fault; never retried
    │   ├── InvalidMessageError        an event that is not valid
    │   │   └── UnsupportedMessageError
    │   ├── InvalidIonImageError       bytes or pixels that are not an ion image
    │   ├── InvalidAnnotationsError    an invalid list of annotations
    │   ├── ForbiddenUriError          a URI outside what settings allow
    │   ├── AccessDeniedError          a store or folder that denies this worker access
    │   ├── NotFoundError              a file or dataset that does not exist
    │   ├── TooLargeError              more bytes, pixels or ions than allowed
    │   ├── UnsupportedSourceError     a kind of ion-image source that is not supported
    │   ├── UnknownReleaseError        a pinned release that is not installed
    │   ├── ReusedEventIdError         an event id that was used for other content
    │   ├── UnreadableInputError       an unforeseen exception of a library on the caller's data
    │   ├── DeadlineExceededError      an event that exceeded its time limit
    │   ├── CancelledError             an event that an operator cancelled
    │   ├── StoreUnavailableError      an event whose store was unavailable for too long
    │   └── TooManyDeliveriesError     an event whose worker died too often
    ├── ReleaseError                   the deployment's fault: a missing, altered or invalid release
    │   └── UntrustedReleaseError      a release that nobody signed whom settings trust
    ├── ConfigurationError             the deployment's fault: unusable settings or server
    ├── LeaseLostError                 another worker took over the event; this one's answer is dropped
    └── TransientError                 temporary; the event is postponed and retried
        ├── StoreBusyError             a store that limits the request rate
        ├── StoreAwayError             a store that is not asked, for it did not respond to other events just now
        ├── NoRoomError                a temporary folder that is full or too small
        └── ServerUnavailableError     the queue's server does not answer

Each carries one string, so that Celery can serialise it. The message says what was wrong and what was expected.
"""

from typing import ClassVar


class OffSampleError(Exception):
    """Root of the tree; `code` is the stable identifier in messages and logs."""

    code: ClassVar[str] = "off_sample_error"


class InvalidInputError(OffSampleError):
    """The caller's input is invalid; a retry cannot help."""

    code = "invalid_input"


class InvalidMessageError(InvalidInputError):
    """A message is not the JSON object that docs/messages.md describes."""

    code = "invalid_message"


class UnsupportedMessageError(InvalidMessageError):
    """A valid message of a type or version that is not supported."""

    code = "unsupported_message"


class InvalidIonImageError(InvalidInputError):
    """Bytes or pixels that are not an ion image."""

    code = "invalid_ion_image"


class InvalidAnnotationsError(InvalidInputError):
    """A list of annotations that cannot be read, or contradicts itself or its ion images."""

    code = "invalid_annotations"


class ForbiddenUriError(InvalidInputError):
    """A URI outside every root that settings allow."""

    code = "forbidden_uri"


class AccessDeniedError(InvalidInputError):
    """A store that refuses this worker's credentials or requires some, or a file that its user may not read."""

    code = "access_denied"


class NotFoundError(InvalidInputError):
    """The file or dataset that the caller names does not exist."""

    code = "not_found"


class TooLargeError(InvalidInputError):
    """More bytes, pixels or ions than the limits allow."""

    code = "too_large"


class UnsupportedSourceError(InvalidInputError):
    """A kind of ion-image source that this worker does not support."""

    code = "unsupported_source"


class UnknownReleaseError(InvalidInputError):
    """An event asks for a release that is not installed here."""

    code = "unknown_release"


class ReusedEventIdError(InvalidInputError):
    """An event id that was already used for other content."""

    code = "reused_event_id"


class UnreadableInputError(InvalidInputError):
    """Files on which a library raised an unforeseen exception; the log has the traceback."""

    code = "unreadable_input"


class DeadlineExceededError(InvalidInputError):
    """An event that exceeded its time limit."""

    code = "deadline_exceeded"


class CancelledError(InvalidInputError):
    """An event that an operator cancelled before it was answered."""

    code = "cancelled"


class StoreUnavailableError(InvalidInputError):
    """An event whose store stayed unavailable until retries ended."""

    code = "store_unavailable"


class TooManyDeliveriesError(InvalidInputError):
    """An event whose worker died or stalled too often while processing it."""

    code = "too_many_deliveries"


class ReleaseError(OffSampleError):
    """A release that is missing, altered, or contradicts its manifest."""

    code = "release_error"


class UntrustedReleaseError(ReleaseError):
    """A release without a valid signature of a trusted key."""

    code = "untrusted_release"


class ConfigurationError(OffSampleError):
    """Settings, or a server they name, that no worker can use."""

    code = "configuration_error"


class LeaseLostError(OffSampleError):
    """The lease of an event was taken over by another worker."""

    code = "lease_lost"


class TransientError(OffSampleError):
    """A store or server that is temporarily unavailable."""

    code = "transient"


class StoreBusyError(TransientError):
    """A store that answers "too many requests", which says nothing about an image."""


class StoreAwayError(TransientError):
    """A store that is not asked now, because it did not respond to other events a moment ago."""


class NoRoomError(TransientError):
    """A temporary folder that is full now, or too small."""


class ServerUnavailableError(TransientError):
    """The queue's server does not answer, or temporarily refuses commands."""


def list_codes() -> list[str]:
    """The codes of all errors, sorted."""

    def collect(kind: type[OffSampleError]) -> set[str]:
        return {kind.code}.union(*map(collect, kind.__subclasses__()))

    return sorted(collect(OffSampleError))
