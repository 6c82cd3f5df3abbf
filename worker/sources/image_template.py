"""Where the image of each annotation is: a folder's URI, or a URI template with the annotation's own words in it."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from shared.errors import ForbiddenUriError, InvalidAnnotationsError
from worker.access.shown_uri import show_uri
from worker.messages.event import Annotation

PNG_SUFFIX = ".png"
_FIELD = re.compile(r"\{([^{}]*)\}")
_FIELDS = ("annotation_id", "image")


@dataclass(frozen=True)
class ImageTemplate:
    """A folder, and what stands behind it for each annotation."""

    folder: str
    """URI or path up to the last slash before the first field."""
    pattern: str | None
    """What follows it, with `{annotation_id}` or `{image}`; None = the image's own name."""

    def name(self, annotation: Annotation, quote: Callable[[str], str]) -> str:
        """What stands below the folder, with the annotation's words quoted.

        Raises
        ------
        InvalidAnnotationsError
            When the template names the image and the annotation has none.
        """
        if self.pattern is None:
            return quote(image_name(annotation))
        words = {"annotation_id": annotation.annotation_id, "image": annotation.image}
        if "{image}" in self.pattern and annotation.image is None:
            raise InvalidAnnotationsError("annotation has no `image`, which the URI names; expected one")
        return _FIELD.sub(lambda field: quote(str(words[field[1]])), self.pattern)


def parse_template(uri: str) -> ImageTemplate:
    """Take a folder's URI, or a template, apart.

    Raises
    ------
    ForbiddenUriError
        When a template's fields are unknown, its first one stands before the path, or, in a URI, a query or fragment
        follows it.
    """
    if not {"{", "}"} & set(uri):
        return ImageTemplate(uri, None)
    folder, slash, _ = uri.partition("{")[0].rpartition("/")
    unknown = [field for field in _FIELD.findall(uri) if field not in _FIELDS]
    if unknown or {"{", "}"} & set(_FIELD.sub("", uri)) or not slash or folder.endswith(("/", ":")):
        raise ForbiddenUriError(
            f"{show_uri(uri)} is no template that is served; expected a folder, and below it"
            " {annotation_id} or {image}"
        )
    pattern = uri[len(folder) + 1 :]
    if not uri.startswith("/") and {"?", "#"} & set(pattern):
        raise ForbiddenUriError(
            f"{show_uri(uri)} has a query or fragment, which may be a credential; expected a template without"
        )
    return ImageTemplate(folder, pattern)


def image_name(annotation: Annotation) -> str:
    """A file's name: the annotation's `image`, else its id + .png."""
    return annotation.annotation_id + PNG_SUFFIX if annotation.image is None else str(annotation.image)
