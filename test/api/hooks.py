"""Hooks of Schemathesis."""

import requests
import schemathesis


@schemathesis.hook
def before_call(context, case, kwargs):
    """Replaces a generated cursor by one of the same listing: no schema can say which cursors the service has signed."""
    if case.operation.definition.raw.get("operationId") != "listChats" or "cursor" not in case.query:
        return
    if case.meta is None or not case.meta.generation.mode.is_positive:
        return
    query = {name: value for name, value in case.query.items() if name != "cursor"}
    address = case.operation.base_url.rstrip("/") + case.path
    page = requests.get(address, params={**query, "limit": 1}, headers=case.headers, timeout=10).json()
    if page["next_cursor"]:
        case.query["cursor"] = page["next_cursor"]
    else:
        del case.query["cursor"]
