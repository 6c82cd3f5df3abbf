"""pydantic's findings as one sentence."""

from pydantic import ValidationError
from pydantic_core import ErrorDetails

_SHOWN = 3


def describe_validation_error(error: ValidationError) -> str:
    """Name each wrong field and what would be right; never repeats the foreign value."""
    findings = error.errors(include_url=False, include_input=False, include_context=False)
    shown = [
        f"{'.'.join(map(str, finding['loc'])) or 'message'}: {_describe(finding)}" for finding in findings[:_SHOWN]
    ]
    more = f" (and {len(findings) - _SHOWN} more)" if len(findings) > _SHOWN else ""
    return "; ".join(shown) + more


def _describe(finding: ErrorDetails) -> str:
    if finding["type"] == "extra_forbidden":
        return "no such field; expected one that is described"
    return finding["msg"].removeprefix("Value error, ")
