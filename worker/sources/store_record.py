"""Tells failures of single images from failures of their store, during one fetch."""

import threading
import time
from collections.abc import Callable

from shared.errors import AccessDeniedError, InvalidInputError, StoreBusyError, TransientError
from shared.ion_image import IonImage
from worker.sources.source import FetchedIonImage

_MAX_REFUSALS = 16
"""A store that denies access to this many images and has returned none denies access altogether."""


class StoreRecord:
    """What a store answered during one fetch; shared by the threads."""

    def __init__(self, images: int) -> None:
        self._lock = threading.Lock()
        self._refusals_left = min(_MAX_REFUSALS, images)
        self._last_answer = float("-inf")

    def try_image(self, annotation_id: str, read: Callable[[], IonImage]) -> FetchedIonImage:
        """Read one image; an error that concerns this image only becomes its reason.

        Raises
        ------
        AccessDeniedError
            When the store denies access to every image.
        TransientError
            When the store fails and returned no other image meanwhile, or asks for fewer requests.
        """
        started = time.monotonic()
        try:
            found = FetchedIonImage(annotation_id, read())
        except AccessDeniedError as error:
            self._note_refusal(error)
            return FetchedIonImage(annotation_id, reason=str(error))
        except InvalidInputError as error:
            found = FetchedIonImage(annotation_id, reason=str(error))
        except StoreBusyError:
            raise
        except TransientError as error:
            if not self._has_answered_since(started):
                raise
            reason = f"{error}, although other images can be read"
            return FetchedIonImage(annotation_id, reason=reason)
        with self._lock:
            self._last_answer = time.monotonic()
        return found

    def _note_refusal(self, error: AccessDeniedError) -> None:
        with self._lock:
            self._refusals_left -= 1
            if self._refusals_left <= 0 and self._last_answer == float("-inf"):
                raise error

    def _has_answered_since(self, moment: float) -> bool:
        with self._lock:
            return self._last_answer >= moment
