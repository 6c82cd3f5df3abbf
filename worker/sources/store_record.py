"""What a store did during one fetch: tells an image's trouble from the store's."""

import threading
import time
from collections.abc import Callable

from shared.errors import AccessDeniedError, InvalidInputError, StoreBusyError, TransientError
from shared.ion_image import IonImage
from worker.sources.source import FetchedIonImage

_REFUSALS_TO_GIVE_UP = 16
"""A store that refuses so many images and has given none refuses this worker."""


class StoreRecord:
    """Shared by the threads of one fetch."""

    def __init__(self, images: int) -> None:
        self._lock = threading.Lock()
        self._refusals_left = min(_REFUSALS_TO_GIVE_UP, images)
        self._last_answer = float("-inf")

    def try_image(self, annotation_id: str, read: Callable[[], IonImage]) -> FetchedIonImage:
        """Read one image; what is wrong with it alone becomes its reason.

        Raises
        ------
        AccessDeniedError
            When the store lets this worker read nothing.
        TransientError
            When it fails and did not answer for another image meanwhile, or asks for fewer requests.
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
            reason = f"{error}, and answers for other images; expected a file that can be read"
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
