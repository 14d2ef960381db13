"""How does this process talk to S3? One client, each request sent once, botocore's exceptions translated."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

import boto3
from botocore import exceptions as boto
from botocore.config import Config

from retrain.store.patience import Patience
from retrain.store.s3_trouble import Trouble
from retrain.values import canonical_json, digest_of

AMAZON = (".amazonaws.com", ".amazonaws.com.cn")
CONNECTIONS = 32
"""Kept open at most; more threads than that wait for none, they open new ones."""

NEVER_SENT = {
    boto.NoCredentialsError: "NoCredentials",
    boto.PartialCredentialsError: "PartialCredentials",
    boto.ProfileNotFound: "NoSuchProfile",
    boto.ConfigParseError: "InvalidConfiguration",
    boto.InvalidRetryConfigurationError: "InvalidConfiguration",
    boto.InvalidConfigError: "InvalidConfiguration",
    boto.InvalidRegionError: "InvalidConfiguration",
    boto.CredentialRetrievalError: "NoCredentials",
    boto.TokenRetrievalError: "ExpiredToken",
    boto.SSOError: "ExpiredToken",
}
NO_ANSWER = {
    boto.EndpointConnectionError: "nothing listens there",
    boto.ConnectTimeoutError: "no connection in time",
    boto.ReadTimeoutError: "no answer in time",
    boto.ConnectionClosedError: "the connection broke",
    boto.ProxyConnectionError: "the proxy does not answer",
    boto.ResponseStreamingError: "the answer broke off",
    boto.IncompleteReadError: "the answer broke off",
}

WRONG_CERTIFICATE = ("CERTIFICATE_VERIFY_FAILED", "No such file", "X509")
"""It is not vouched for, or the bundle of AWS_CA_BUNDLE is not there, or is none."""


def client(patience: Patience) -> Any:
    """The client of this process. A fork makes its own: two processes on one connection would mix their answers."""
    told = {name: value for name, value in os.environ.items() if name.startswith("AWS_")}
    # A digest, since these are secrets: nothing that is kept or shown should hold them.
    with translated():
        try:
            return _made(os.getpid(), digest_of(canonical_json(told)), patience)
        except ValueError:
            # Botocore knows no type of its own for an address that is none.
            raise Trouble("InvalidEndpoint") from None


@lru_cache(maxsize=8)
def _made(_pid: int, _environment: str, patience: Patience) -> Any:
    session = boto3.session.Session()
    named = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
    made = _with_style(session, patience, "path" if named else "auto")
    if not named and not endpoint(made).endswith(AMAZON):
        # The configuration file may name a server, too; only Amazon has a name in the DNS for each bucket for sure.
        made = _with_style(session, patience, "path")
    return made


def _with_style(session: Any, patience: Patience, style: str) -> Any:
    config = Config(
        s3={"addressing_style": style},
        # We try again ourselves: only we know that a put whose answer was lost may be there already.
        retries={"total_max_attempts": 1, "mode": "standard"},
        connect_timeout=patience.connect_seconds,
        read_timeout=patience.answer_seconds,
        max_pool_connections=CONNECTIONS,
        # The trailing checksums that boto3 adds by itself make Ceph 16 refuse every put over TLS.
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )
    return session.client("s3", config=config, region_name=session.region_name or "us-east-1")


def endpoint(made: Any) -> str:
    """Which server that is, without what an address may hold of secrets."""
    parts = urlsplit(made.meta.endpoint_url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


@contextmanager
def translated() -> Iterator[None]:
    """Raise Trouble in place of what botocore raises about the world; its complaints about our calls pass through."""
    try:
        yield
    except boto.ClientError as error:
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        raise Trouble(error.response.get("Error", {}).get("Code") or "no code", status) from None
    except boto.SSLError as error:
        wrong = any(sign in str(error) for sign in WRONG_CERTIFICATE)
        raise Trouble("WrongCertificate" if wrong else "TLS broke") from None
    except boto.ParamValidationError:
        raise
    except boto.BotoCoreError as error:
        raise _trouble(error) from None


def _trouble(error: Exception) -> Trouble:
    for kind, code in {**NEVER_SENT, **NO_ANSWER}.items():
        if isinstance(error, kind):
            return Trouble(code)
    if "CA certificate bundle" in str(error):
        return Trouble("WrongCertificate")
    return Trouble(f"no answer: {type(error).__name__}")
