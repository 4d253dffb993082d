"""Calls of other systems, signed as they sign."""

import base64
import hashlib
import hmac
import json
from datetime import datetime
from typing import Any

from crm_handoff.integrations.signatures import Call


def standard(
    secret: str, body: Any, *, at: datetime, name: str = "msg-1", sent_at: datetime | None = None
) -> Call:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    stamp = str(int((sent_at or at).timestamp()))
    key = base64.b64decode(secret.removeprefix("whsec_") + "==")
    said = f"{name}.{stamp}.".encode() + raw
    signature = base64.b64encode(hmac.digest(key, said, hashlib.sha256)).decode()
    headers = {
        "webhook-id": name,
        "webhook-timestamp": stamp,
        "webhook-signature": f"v1,{signature}",
    }
    return Call("POST", "https://crm.example.com/hook/", headers, raw, at)


def hubspot(secret: str, body: Any, *, at: datetime) -> Call:
    raw, url = json.dumps(body).encode(), "https://crm.example.com/hook/"
    stamp = str(int(at.timestamp() * 1000))
    said = b"POST" + url.encode() + raw + stamp.encode()
    signature = base64.b64encode(hmac.digest(secret.encode(), said, hashlib.sha256)).decode()
    headers = {"x-hubspot-request-timestamp": stamp, "x-hubspot-signature-v3": signature}
    return Call("POST", url, headers, raw, at)


def calendly(secret: str, body: Any, *, at: datetime) -> Call:
    raw, stamp = json.dumps(body).encode(), str(int(at.timestamp()))
    signature = hmac.new(secret.encode(), f"{stamp}.".encode() + raw, hashlib.sha256).hexdigest()
    headers = {"calendly-webhook-signature": f"t={stamp},v1={signature}"}
    return Call("POST", "https://crm.example.com/hook/", headers, raw, at)


def hashed(secret: str, body: Any, *, at: datetime) -> Call:
    raw = json.dumps(body).encode()
    signature = hmac.new(secret.encode(), raw, hashlib.sha256).hexdigest()
    headers = {"x-signature": f"sha256={signature}"}
    return Call("POST", "https://crm.example.com/hook/", headers, raw, at)


def token(secret: str, body: Any, *, at: datetime) -> Call:
    raw = json.dumps(body).encode()
    return Call("POST", "https://crm.example.com/hook/", {"x-webhook-token": secret}, raw, at)


SIGN = {
    "standard": standard,
    "hubspot": hubspot,
    "calendly": calendly,
    "hmac": hashed,
    "token": token,
}
