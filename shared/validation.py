"""pydantic's findings as one sentence."""

from pydantic import ValidationError

_SHOWN = 3


def describe_validation_error(error: ValidationError) -> str:
    """Name each wrong field and what would be right; never repeats the foreign value."""
    findings = error.errors(include_url=False, include_input=False, include_context=False)
    shown = [f"{'.'.join(map(str, finding['loc'])) or 'message'}: {finding['msg']}" for finding in findings[:_SHOWN]]
    more = f" (and {len(findings) - _SHOWN} more)" if len(findings) > _SHOWN else ""
    return "; ".join(shown) + more
