"""What a client without a sufficient token is told: where the resource's metadata are, and what is wrong.

Protected resource metadata after RFC 9728, challenges after RFC 6750 section 3.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from interlock.identity.exchange import answer_json
from interlock.identity.resources import Resources
from interlock.identity.words import HttpRequest, HttpResponse, Refusal


@dataclass(frozen=True, slots=True)
class ResourceMetadata:
    """The metadata documents of the gateway and of every server's path, all with the same issuers."""

    resources: Resources
    issuers: Sequence[str]
    scopes: Sequence[str] = ()

    def document(self, resource: str) -> dict[str, Any]:
        """Return the metadata of ``resource`` (RFC 9728 section 2)."""
        document: dict[str, Any] = {
            "resource": resource,
            "authorization_servers": list(self.issuers),
            "bearer_methods_supported": ["header"],
            "resource_name": self.resources.server_named(resource) or "Interlock",
        }
        return document | ({"scopes_supported": list(self.scopes)} if self.scopes else {})

    def respond(self, request: HttpRequest) -> HttpResponse | None:
        """Answer a request for a metadata document; None if the path is no such document's."""
        resource = self.resources.described_at(request.path)
        if resource is None:
            return None
        if request.method != "GET":
            return HttpResponse(405, {"Allow": "GET"})
        return answer_json(200, self.document(resource))


def challenge(metadata_url: str, refusal: Refusal | None = None, scopes: Sequence[str] = ()) -> str:
    """Return the ``WWW-Authenticate`` value that goes with 401, or with 403 for ``insufficient_scope``.

    Without ``refusal`` the request carried no credential, and no error is named (RFC 6750 section 3.1).
    ``scopes`` are the ones that would do.
    """
    said = {"resource_metadata": metadata_url}
    if refusal is not None:
        said |= {"error": refusal.code.value, "error_description": refusal.description}
    if scopes:
        said["scope"] = " ".join(scopes)
    return "Bearer " + ", ".join(f'{name}="{_quotable(value)}"' for name, value in said.items())


def _quotable(value: str) -> str:
    """Return ``value`` as RFC 6750 allows it between quotes: %x20-21, %x23-5B, %x5D-7E, so nothing needs escaping."""
    return "".join(mark if " " <= mark <= "~" and mark not in '"\\' else "?" for mark in value)
