"""Where the image of each annotation is: a folder's URI, or a URI template with fields of the annotation."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from shared.errors import ForbiddenUriError, InvalidAnnotationsError
from worker.access.store_uri import show_uri
from worker.messages.event import Annotation

PNG_SUFFIX = ".png"
_FIELD = re.compile(r"\{([^{}]*)\}")
_FIELDS = ("annotation_id", "image")


@dataclass(frozen=True)
class ImageTemplate:
    """A folder, and a pattern for the path of each annotation's image below it."""

    folder: str
    """URI or path up to the last slash before the first field."""
    pattern: str | None
    """The rest, with `{annotation_id}` or `{image}`; None = the image's file name."""

    def name(self, annotation: Annotation, quote: Callable[[str], str]) -> str:
        """The path below the folder, with the annotation's values inserted and quoted.

        Raises
        ------
        InvalidAnnotationsError
            When the template has `{image}` and the annotation has no image.
        """
        if self.pattern is None:
            return quote(image_name(annotation))
        values = {"annotation_id": annotation.annotation_id, "image": annotation.image}
        if "{image}" in self.pattern and annotation.image is None:
            raise InvalidAnnotationsError("annotation has no `image`, but the URI template needs it")
        return _FIELD.sub(lambda field: quote(str(values[field[1]])), self.pattern)


def parse_template(uri: str) -> ImageTemplate:
    """Parse a folder's URI or a URI template.

    Raises
    ------
    ForbiddenUriError
        When a template has an unknown field, a field before its path or, in a URI, a query or fragment.
    """
    if not {"{", "}"} & set(uri):
        return ImageTemplate(uri, None)
    folder, slash, _ = uri.partition("{")[0].rpartition("/")
    unknown = [field for field in _FIELD.findall(uri) if field not in _FIELDS]
    if unknown or {"{", "}"} & set(_FIELD.sub("", uri)) or not slash or folder.endswith(("/", ":")):
        raise ForbiddenUriError(
            f"expected a folder and then {{annotation_id}} or {{image}} in its file names, got {show_uri(uri)}"
        )
    pattern = uri[len(folder) + 1 :]
    if not uri.startswith("/") and {"?", "#"} & set(pattern):
        raise ForbiddenUriError(
            f"expected a template without query or fragment, which may be a credential, got {show_uri(uri)}"
        )
    return ImageTemplate(folder, pattern)


def image_name(annotation: Annotation) -> str:
    """The file name: the annotation's `image`, or its id + .png."""
    return annotation.annotation_id + PNG_SUFFIX if annotation.image is None else str(annotation.image)
