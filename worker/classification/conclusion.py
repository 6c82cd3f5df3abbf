"""The conclusion about a dataset: one sentence in plain words."""

from worker.messages.results import Counts


def conclude(counts: Counts, off_sample_area: str | None) -> str:
    """How many ion images are off-sample, how many labels are uncertain, and whether background was measured.

    Without a full stop, so that it can be followed by something in brackets.
    """
    if counts.annotations == 0:
        return "the dataset has no ion images"
    others = _describe_others(counts)
    if counts.classified == 0:
        return f"none of {_count(counts.annotations, 'ion image')} could be classified: {others}"
    parts = [f"{counts.off:,} of {_count(counts.classified, 'ion image')} {_are(counts.off)} off-sample"]
    if counts.uncertain:
        parts.append(f"{_count(counts.uncertain, 'label')} {_are(counts.uncertain)} uncertain")
    if others:
        parts.append(others)
    if off_sample_area == "present":
        parts.append("background was measured beside the sample")
    return "; ".join(parts)


def _describe_others(counts: Counts) -> str:
    silent = f"{_count(counts.no_signal, 'further image')} {'shows' if counts.no_signal == 1 else 'show'} no signal"
    unread = f"{_count(counts.unreadable, 'further image')} could not be read"
    found = [text for number, text in ((counts.no_signal, silent), (counts.unreadable, unread)) if number]
    text = " and ".join(found)
    return text if counts.classified else text.replace("further ", "")


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'s' * (number != 1)}"


def _are(number: int) -> str:
    return "is" if number == 1 else "are"
