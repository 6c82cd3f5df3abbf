"""Accessions of the cvParams that are read with their value (imzML 1.1.0, imaging MS vocabulary)."""

from typing import Final

UUID: Final = "IMS:1000080"
CONTINUOUS: Final = "IMS:1000030"
PROCESSED: Final = "IMS:1000031"
COUNT_X: Final = "IMS:1000042"
COUNT_Y: Final = "IMS:1000043"
POSITION_X: Final = "IMS:1000050"
POSITION_Y: Final = "IMS:1000051"
POSITION_Z: Final = "IMS:1000052"
OFFSET: Final = "IMS:1000102"
LENGTH: Final = "IMS:1000103"
ENCODED_LENGTH: Final = "IMS:1000104"

CHECKSUMS: Final = {"IMS:1000090": "md5", "IMS:1000091": "sha1", "IMS:1000092": "sha256"}
"""Checksums of the .ibd file, by accession."""

NAMES: Final = {
    UUID: "universally unique identifier",
    CONTINUOUS: "continuous",
    PROCESSED: "processed",
    COUNT_X: "max count of pixels x",
    COUNT_Y: "max count of pixels y",
    POSITION_X: "position x",
    POSITION_Y: "position y",
    POSITION_Z: "position z",
    OFFSET: "external offset",
    LENGTH: "external array length",
    ENCODED_LENGTH: "external encoded length",
    "IMS:1000090": "ibd MD5",
    "IMS:1000091": "ibd SHA-1",
    "IMS:1000092": "ibd SHA-256",
}
"""Their names in the vocabulary."""

_BY_NAME: Final = {name.lower(): accession for accession, name in NAMES.items()}


def describe_wrong_name(accession: str, name: str) -> str | None:
    """A note where an accession has the name of another one: the accession is used."""
    other = _BY_NAME.get(name.strip().lower())
    if other is None or accession not in NAMES or other == accession:
        return None
    return f"{accession} has the name {name!a}, which is {other}; it was read as {NAMES[accession]!r}"
