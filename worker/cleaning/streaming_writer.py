"""pyimzml's writer, in memory that does not grow with the number of spectra."""

from collections.abc import Iterator
from shutil import copyfileobj
from typing import IO, Any, Final

from pyimzml.ImzMLWriter import IMZML_TEMPLATE, ImzMLWriter
from wheezy.template import CoreExtension, DictLoader, Engine

_HEAD, _, _REST = IMZML_TEMPLATE.partition("      @for index, s in enumerate(spectra):\n")
_SPECTRUM, _, _TAIL = _REST.rpartition("      @end\n")
_BATCH: Final = f"@require(first, spectra)\n@for index, s in enumerate(spectra, first):\n{_SPECTRUM}@end\n"
_BATCH_SPECTRA: Final = 256

_AFTER: Final = 'name="max count of pixels y" value="@{(max(s.coords[1] for s in spectra))!!s}"/>\n'
_PIXEL_SIZE: Final = """\
      <cvParam cvRef="IMS" accession="IMS:1000046" name="pixel size (x)" value="{0}" unitCvRef="UO" \
unitAccession="UO:0000017" unitName="micrometer"/>
      <cvParam cvRef="IMS" accession="IMS:1000047" name="pixel size y" value="{1}" unitCvRef="UO" \
unitAccession="UO:0000017" unitName="micrometer"/>
"""


class StreamingWriter(ImzMLWriter):
    """Writes what pyimzml's writer writes, byte for byte, by its own template.

    That one keeps all spectra, and renders the .imzML file as one text when it is closed. Here the <spectrumList> is
    rendered batch by batch into a buffer, and copied from there when what stands before it is known: the checksum of
    the .ibd file, the number of spectra, and the largest positions.

    Parameters
    ----------
    path
        The .imzML file; the .ibd file stands beside it.
    buffer
        An empty text file for the rendered spectra, about 3 KiB each; the caller closes it.
    run_id
        Name of the run; pyimzml's own would be the path of the file.
    pixel_size
        (x, y), um, which pyimzml leaves out.
    options
        Those of pyimzml's writer, but not its mode "auto", for which it keeps a hash of each spectrum.
    """

    def __init__(
        self, path: str, buffer: IO[str], run_id: str, pixel_size: tuple[str, str] | None, **options: Any
    ) -> None:
        super().__init__(path, **options)
        self.run_id = run_id
        size = _PIXEL_SIZE.format(*pixel_size) if pixel_size else ""
        self.imzml_template = _compile(_HEAD.replace(_AFTER, _AFTER + size))
        self.spectra = self._list = _SpectrumList(buffer)
        self._buffer = buffer

    def _write_xml(self) -> None:
        self._list.flush()
        super()._write_xml()
        self._buffer.seek(0)
        copyfileobj(self._buffer, self.xml)
        self.xml.write(_TAIL)


class _SpectrumList:
    """The spectra of pyimzml's writer, which appends them; it keeps a batch of them, and renders it when it is full.

    Iterating gives the two whose positions reach farthest in x and in y: the head of the file asks for no more.
    """

    def __init__(self, buffer: IO[str]) -> None:
        self._buffer, self._template = buffer, _compile(_BATCH)
        self._batch: list[Any] = []
        self._rendered = 0
        self._farthest: tuple[Any, ...] = ()

    def __len__(self) -> int:
        return self._rendered + len(self._batch)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._farthest)

    def append(self, spectrum: Any) -> None:
        widest, tallest = self._farthest or (spectrum, spectrum)
        self._farthest = (
            max(widest, spectrum, key=lambda one: one.coords[0]),
            max(tallest, spectrum, key=lambda one: one.coords[1]),
        )
        self._batch.append(spectrum)
        if len(self._batch) == _BATCH_SPECTRA:
            self.flush()

    def flush(self) -> None:
        """Render the spectra of the batch."""
        self._buffer.write(self._template.render({"first": self._rendered, "spectra": self._batch}))
        self._rendered += len(self._batch)
        self._batch = []


def _compile(template: str) -> Any:
    return Engine(loader=DictLoader({"imzml": template}), extensions=[CoreExtension()]).get_template("imzml")
