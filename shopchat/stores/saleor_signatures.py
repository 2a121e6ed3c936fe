"""Whether Saleor signed what came: a detached JWS over exactly the bytes that were received.

The keys are those of the Saleor in the settings, never of one that a request names. The older signature with a shared
secret is refused.
"""

from collections.abc import Mapping
from typing import Any

import jwt
from django.core.cache import cache
from django.views.decorators.debug import sensitive_variables

from shopchat.core.tokens import digest
from shopchat.stores.abilities import NotSigned
from shopchat.stores.saleor_api import Api, NoSaleor

ALGORITHM = "RS256"
KEPT_SECONDS = 24 * 3600
# Whoever makes up names of keys makes us ask Saleor no more often.
BETWEEN_LOOKS_SECONDS = 60


@sensitive_variables()
def verify(signature: str, body: bytes, api: Api) -> None:
    """Raises :class:`NotSigned`; :class:`~shopchat.stores.saleor_api.NoSaleor` if the keys cannot be had now."""
    name = _key_name(signature)
    key = _key(name, api)
    if key is None:
        raise NotSigned
    try:
        public = jwt.PyJWK(dict(key), algorithm=ALGORITHM)
        jwt.PyJWS().decode(signature, public.key, algorithms=[ALGORITHM], detached_payload=body)
    except jwt.PyJWTError:
        raise NotSigned from None


def _key_name(signature: str) -> str:
    """The header's ``kid``, of a signature over a payload that is not in it."""
    try:
        header = jwt.get_unverified_header(signature)
    except jwt.PyJWTError:
        raise NotSigned from None
    name = header.get("kid")
    if header.get("alg") != ALGORITHM or header.get("b64") is not False or not isinstance(name, str):
        raise NotSigned
    return name


def _key(name: str, api: Api) -> Mapping[str, Any] | None:
    place = f"shopchat:saleor:keys:{digest(api.origin)}"
    known: dict[str, Mapping[str, Any]] | None = cache.get(place)
    if known is not None and name in known:
        return known[name]
    if not cache.add(f"{place}:looked", 1, BETWEEN_LOOKS_SECONDS):
        if known is None:
            raise NoSaleor("no_keys")
        return None
    found = {str(key.get("kid")): key for key in api.jwks() if key.get("kty") == "RSA"}
    cache.set(place, found, KEPT_SECONDS)
    return found.get(name)
