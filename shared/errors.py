"""Every error this project raises on purpose, as one tree.

    OffSampleError
    ├── InvalidInputError              the caller's; never retried
    │   ├── InvalidMessageError        an event that cannot be understood
    │   │   └── UnsupportedMessageError
    │   ├── InvalidIonImageError       pixels that are no ion image
    │   ├── InvalidAnnotationsError    a list of annotations that cannot be used
    │   ├── ForbiddenUriError          a place that settings do not open
    │   ├── AccessDeniedError          a store that does not let this worker in
    │   ├── NotFoundError              a place where nothing is
    │   ├── TooLargeError              more bytes, pixels or ions than allowed
    │   ├── UnsupportedSourceError     a kind of ion-image source not served here
    │   ├── UnknownReleaseError        a pinned release that is not installed
    │   ├── ReusedEventIdError         one event id, two contents
    │   ├── UnreadableInputError       what a library raised on foreign data, and nobody foresaw
    │   ├── DeadlineExceededError      an event that took longer than it may
    │   ├── StoreUnavailableError      an event whose store did not answer for as long as settings allow
    │   └── TooManyDeliveriesError     an event that keeps killing its worker
    ├── ReleaseError                   the deployment's: a release that cannot be trusted
    ├── ConfigurationError             the deployment's: settings or a server that cannot be used
    ├── LeaseLostError                 the event is another worker's by now; its answer counts, ours is dropped
    └── TransientError                 passing; the event is postponed and tried again
        ├── StoreBusyError             a store that asks for fewer requests
        ├── NoRoomError                a temporary folder that is full now
        └── ServerUnavailableError     the server of the queue does not answer

Each carries one string, so it crosses Celery's serialisers intact. The sentence says what was wrong with what, and
what would be right.
"""

from typing import ClassVar


class OffSampleError(Exception):
    """Root of the tree; `code` is the stable word that messages and logs carry."""

    code: ClassVar[str] = "off_sample_error"


class InvalidInputError(OffSampleError):
    """The caller's input cannot be honoured, however often it is tried."""

    code = "invalid_input"


class InvalidMessageError(InvalidInputError):
    """A message is not the JSON object that docs/messages.md describes."""

    code = "invalid_message"


class UnsupportedMessageError(InvalidMessageError):
    """A well-formed message of a type or version that is not served here."""

    code = "unsupported_message"


class InvalidIonImageError(InvalidInputError):
    """Bytes or pixels that are no ion image."""

    code = "invalid_ion_image"


class InvalidAnnotationsError(InvalidInputError):
    """A list of annotations that cannot be read or contradicts itself or its ion images."""

    code = "invalid_annotations"


class ForbiddenUriError(InvalidInputError):
    """A URI outside every root that settings allow."""

    code = "forbidden_uri"


class AccessDeniedError(InvalidInputError):
    """A store that refuses this worker's credentials, or lacks them."""

    code = "access_denied"


class NotFoundError(InvalidInputError):
    """Nothing is where the caller says something is."""

    code = "not_found"


class TooLargeError(InvalidInputError):
    """More bytes, pixels or ions than the limits allow."""

    code = "too_large"


class UnsupportedSourceError(InvalidInputError):
    """A kind of ion-image source that this worker does not serve."""

    code = "unsupported_source"


class UnknownReleaseError(InvalidInputError):
    """An event pins a release that this worker does not have."""

    code = "unknown_release"


class ReusedEventIdError(InvalidInputError):
    """An event id that was already used for another content."""

    code = "reused_event_id"


class UnreadableInputError(InvalidInputError):
    """Files on which a library failed in a way that no reader foresaw; the log has the traceback."""

    code = "unreadable_input"


class DeadlineExceededError(InvalidInputError):
    """An event that took longer than one event may take."""

    code = "deadline_exceeded"


class StoreUnavailableError(InvalidInputError):
    """An event whose store did not answer for as long as it is tried again."""

    code = "store_unavailable"


class TooManyDeliveriesError(InvalidInputError):
    """An event whose worker died or stalled too often while running it."""

    code = "too_many_deliveries"


class ReleaseError(OffSampleError):
    """A release that is missing, altered, or does not do what its manifest says."""

    code = "release_error"


class ConfigurationError(OffSampleError):
    """Settings, or a server they name, with which no worker can run."""

    code = "configuration_error"


class LeaseLostError(OffSampleError):
    """The lease of an event passed to another worker."""

    code = "lease_lost"


class TransientError(OffSampleError):
    """A store or server that does not answer now and may answer later."""

    code = "transient"


class StoreBusyError(TransientError):
    """A store that answers "too many requests": its failures say nothing about an image."""


class NoRoomError(TransientError):
    """A temporary folder that has no room now, though it is large enough."""


class ServerUnavailableError(TransientError):
    """The server of the queue does not answer, or refuses for now what it is asked."""
