"""Hooks of Schemathesis."""

import requests
import schemathesis


@schemathesis.hook
def before_call(context, case, kwargs):
    """Makes generated parameters valid where no schema can say what is."""
    if case.meta is None or not case.meta.generation.mode.is_positive:
        return
    if "from" in case.query:
        # A range of days must not end before it begins, nor be too long.
        case.query["to"] = case.query["from"]
    if case.operation.definition.raw.get("operationId") == "listChats" and "cursor" in case.query:
        replace_cursor(case)


def replace_cursor(case):
    """Replaces a generated cursor by one of the same listing: the service takes only cursors that it has signed."""
    query = {name: value for name, value in case.query.items() if name != "cursor"}
    address = case.operation.base_url.rstrip("/") + case.path
    page = requests.get(address, params={**query, "limit": 1}, headers=case.headers, timeout=10).json()
    if page["next_cursor"]:
        case.query["cursor"] = page["next_cursor"]
    else:
        del case.query["cursor"]
