"""A CAPTCHA that asks nothing of people: their browser computes for a moment, with no word to anybody but us.

It is the proof of work of the ``altcha`` library, version 2, on our own server; without the library (the extra
``captcha``) there is none, and :func:`is_available` says so. Each challenge is signed, ends after some minutes and counts
once.

What goes to the browser, as JSON (:func:`challenge`)::

    {"parameters": {"algorithm": "PBKDF2/SHA-256", "cost": 2000, "keyLength": 32, "keyPrefix": "<hex>",
                    "nonce": "<hex>", "salt": "<hex>", "expiresAt": <seconds since 1970>},
     "signature": "<hex>"}

What the browser does: for ``counter`` = 0, 1, 2, … it derives ``key`` = PBKDF2 with HMAC-SHA-256, ``cost`` iterations and
``keyLength`` bytes, of the password ``nonce`` (16 bytes, from hex) followed by ``counter`` as four bytes, the highest first,
and the salt ``salt`` (16 bytes, from hex). The first key that begins with the bytes ``keyPrefix`` is the solution. The
counter is below ``MOST``, so that no phone computes for ever: ``crypto.subtle.deriveBits`` does it in about a second.

What it sends, as base64 of JSON, the challenge exactly as it came (:func:`verify`)::

    {"challenge": <as above>, "solution": {"counter": <number>, "derivedKey": "<key as hex, in lower case>"}}
"""

import hashlib
import logging
import secrets
import time
from importlib.util import find_spec
from typing import Any

from django.core.cache import cache
from django.utils.crypto import salted_hmac

if find_spec("altcha"):
    from altcha import Payload, create_challenge, verify_solution

logger = logging.getLogger(__name__)

ALGORITHM = "PBKDF2/SHA-256"
COST = 2000
# Half of them is the least work, this much the most.
MOST = 512
VALID_SECONDS = 15 * 60
SOLUTION_MAX_LENGTH = 2000


def is_available() -> bool:
    """Whether the library is installed."""
    return find_spec("altcha") is not None


def challenge() -> dict[str, Any]:
    """A new challenge, to be sent to the browser as it is."""
    made = create_challenge(
        ALGORITHM,
        COST,
        counter=MOST // 2 + secrets.randbelow(MOST // 2),
        expires_at=int(time.time()) + VALID_SECONDS,
        hmac_secret=_secret(),
    )
    return dict(made.to_dict())


def verify(solution: str) -> bool:
    """Whether somebody has done the work of one of our challenges, which nobody has shown before."""
    if not solution or len(solution) > SOLUTION_MAX_LENGTH or not is_available():
        return False
    return bool(verify_solution(solution, _secret()).verified) and _first_use(solution)


def _secret() -> str:
    return salted_hmac("shopchat.core.proof_of_work", "challenges", algorithm="sha256").hexdigest()


def _first_use(solution: str) -> bool:
    """The signature names the challenge; how the rest is written may differ without being another solution."""
    signature = str(Payload.from_base64(solution).challenge.signature)
    name = hashlib.sha256(signature.encode()).hexdigest()
    try:
        return bool(cache.add(f"shopchat:proof:{name}", 1, timeout=VALID_SECONDS + 60))
    except Exception:  # whatever the cache's client raises: a site without its cache still takes forms
        logger.warning("The cache did not answer; a proof of work may be shown again.")
        return True
