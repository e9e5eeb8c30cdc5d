"""LiteLLM's own authentication, replaced: the key `sk-NAME` is the user NAME's, and `sk-nobody-...` has no user."""

from fastapi import HTTPException
from litellm.proxy._types import UserAPIKeyAuth, hash_token


async def authenticate(request, api_key):  # noqa: ARG001 — LiteLLM's signature
    """Who asks."""
    if not api_key.startswith("sk-"):
        raise HTTPException(401, "no key")
    name = api_key.removeprefix("sk-")
    user = None if name.startswith("nobody") else name
    return UserAPIKeyAuth(api_key=hash_token(api_key), user_id=user, org_id=f"org-of-{name}")
