"""Which questions are taken: none too long, and so many a minute; the same for the API and the page's handlers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import ValidationError
from starlette.types import ASGIApp, Receive, Scope, Send

from rag.errors import UsageError
from rag.server.layer import Layer, address_of, client_of, refuse
from rag.server.limits import PEOPLE, Later, Rate
from rag.wire import QuestionRequest

QUESTIONS_A_MINUTE = 60  # of each client: no person asks more

_Request = TypeVar("_Request", bound=QuestionRequest)


class QuestionLimit:
    """So many questions a minute of each client, and so many of each address, where several people may be."""

    def __init__(self, a_minute: int = QUESTIONS_A_MINUTE) -> None:
        self._of_client = Rate(a_minute)
        self._of_address = Rate(a_minute * PEOPLE)

    def take(self, client: str, address: str) -> None:
        """Count a question; raises Later where there were too many."""
        self._of_client.take(client)
        self._of_address.take(address)

    def check(self, client: str, address: str) -> None:
        """Raise Later where there were too many questions."""
        self._of_client.check(client)
        self._of_address.check(address)


class CallLimit(Layer):
    """Refuses a call of Gradio's endpoints at once where it would be refused when its turn comes."""

    def __init__(self, app: ASGIApp, limit: QuestionLimit) -> None:
        super().__init__(app)
        self._limit = limit

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            if scope["method"] == "POST" and scope["path"].startswith("/gradio_api/call/"):
                self._limit.check(client_of(scope), address_of(scope))
        except Later as later:
            return await refuse(send, later.status, str(later), later.headers)
        await self.app(scope, receive, send)


def read_request(kind: type[_Request], **fields: Any) -> _Request:
    """Return what is asked for; raises UsageError where a field of it cannot be used."""
    try:
        return kind(**fields)
    except ValidationError as error:
        raise UsageError(invalid(error.errors()[0])) from error


def invalid(error: Mapping[str, Any]) -> str:
    """Return what pydantic found wrong, in one line."""
    if error["type"] == "json_invalid":
        return f"the request is not JSON ({error['ctx']['error']}): correct it and send it again"
    where = ".".join(map(str, error["loc"])) or "the request"
    return f"{where} cannot be used ({error['msg']}): correct it and send it again"
