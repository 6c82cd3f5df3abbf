"""The conclusion about a dataset: one sentence in plain words."""

from shared.counting import count_of
from worker.messages.results import Counts


def conclude(counts: Counts, off_sample_area: str | None) -> str:
    """How many ion images are off-sample, how many labels are uncertain, and whether background was measured.

    Without a full stop, so that it can be followed by something in brackets.
    """
    if counts.annotations == 0:
        return "the dataset has no ion images"
    others = _describe_others(counts)
    if counts.classified == 0:
        return f"none of {count_of(counts.annotations, 'ion image')} could be classified: {others}"
    parts = [f"{counts.off:,} of {count_of(counts.classified, 'ion image')} {_are(counts.off)} off-sample"]
    if counts.uncertain:
        parts.append(f"{count_of(counts.uncertain, 'label')} {_are(counts.uncertain)} uncertain")
    if others:
        parts.append(others)
    if off_sample_area == "present":
        parts.append("background was measured beside the sample")
    return "; ".join(parts)


def _describe_others(counts: Counts) -> str:
    silent = f"{count_of(counts.no_signal, 'further image')} {'shows' if counts.no_signal == 1 else 'show'} no signal"
    unread = f"{count_of(counts.unreadable, 'further image')} could not be read"
    found = [text for number, text in ((counts.no_signal, silent), (counts.unreadable, unread)) if number]
    text = " and ".join(found)
    return text if counts.classified else text.replace("further ", "")


def _are(number: int) -> str:
    return "is" if number == 1 else "are"
