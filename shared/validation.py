"""Validation errors of pydantic as one sentence."""

from pydantic import ValidationError
from pydantic_core import ErrorDetails

_SHOWN = 3


def describe_validation_error(error: ValidationError) -> str:
    """Name each wrong field and what was expected; never repeats the caller's value."""
    findings = error.errors(include_url=False, include_input=False, include_context=False)
    shown = [
        f"{'.'.join(map(str, finding['loc'])) or 'message'}: {_describe(finding)}" for finding in findings[:_SHOWN]
    ]
    more = f" (and {len(findings) - _SHOWN} more)" if len(findings) > _SHOWN else ""
    return "; ".join(shown) + more


def _describe(finding: ErrorDetails) -> str:
    if finding["type"] == "extra_forbidden":
        return "unknown field; expected one of the documented ones"
    return finding["msg"].removeprefix("Value error, ")
