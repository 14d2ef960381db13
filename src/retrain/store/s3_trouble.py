"""What does it mean when S3 says no, and what can be done about it?"""

from typing import Literal

Kind = Literal["away", "missing", "conflict", "refused"]

AWAY = {
    "InternalError",
    "ServiceUnavailable",
    "SlowDown",
    "RequestTimeout",
    "Throttling",
    "ThrottlingException",
    "TooManyRequests",
    "RequestLimitExceeded",
    # The server saw other bytes than were sent, or not all of them: it kept nothing, and they are sent again.
    "BadDigest",
    "IncompleteBody",
    "XAmzContentSHA256Mismatch",
}
FINAL = {501, 505, 507}
"""Answers of a server that works, and will answer the same again."""

KEYS = "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
RIGHTS = "it needs s3:GetObject, s3:PutObject and s3:ListBucket (without which a missing key is only forbidden)"
NEW_KEYS = "get new credentials, set them, and run the same command again"
CHECK_STORE = "check RETRAIN_STORE and AWS_ENDPOINT_URL"
NEXT_STEP = {
    "NoSuchBucket": f"the bucket is gone, or was never made: {CHECK_STORE}; make it, or restore it from a backup",
    "InvalidBucketName": f"the server takes no such name for a bucket: {CHECK_STORE}",
    "InvalidAccessKeyId": f"the server does not know this access key: {KEYS} to those of a user of that server",
    "SignatureDoesNotMatch": f"the secret key is not that of the access key: {KEYS} anew",
    "AccessDenied": f"this user may not do that: {RIGHTS}",
    "AllAccessDisabled": "the server has switched this bucket off: ask its owner",
    "ExpiredToken": f"the session's credentials have expired: {NEW_KEYS}",
    "InvalidToken": f"the session's credentials are not valid: {NEW_KEYS}",
    "TokenRefreshRequired": f"the session's credentials have expired: {NEW_KEYS}",
    "RequestTimeTooSkewed": "this machine's clock and the server's lie more than 15 minutes apart: set the clock "
    "(`timedatectl set-ntp true`), then run the same command again",
    "RequestExpired": "this machine's clock and the server's lie too far apart: set the clock "
    "(`timedatectl set-ntp true`), then run the same command again",
    "PermanentRedirect": "the bucket is in another region: set AWS_DEFAULT_REGION to it",
    "AuthorizationHeaderMalformed": "the request was signed for another region: set AWS_DEFAULT_REGION to the bucket's",
    "EntityTooLarge": "the server takes no object of this size: keep the store where larger ones are allowed",
    "QuotaExceeded": "the quota is used up: free space there or have it raised; nothing was half written",
    "InsufficientStorage": "the server's disks are full: free space there; nothing was half written",
    "MethodNotAllowed": f"the server does not do that here: {CHECK_STORE}",
    "NoCredentials": f"no credentials were found: {KEYS}",
    "PartialCredentials": f"one half of the credentials is missing: {KEYS}",
    "NoSuchProfile": "AWS_PROFILE names a profile that is not configured: unset it, or set it to one that is",
    "WrongCertificate": "the server's certificate is not signed by an authority known here: set AWS_CA_BUNDLE to its "
    "authority's file, in PEM form, or mend the certificate",
    "InvalidEndpoint": "AWS_ENDPOINT_URL is not the address of a server: expected http(s)://HOST:PORT",
    "InvalidConfiguration": "the AWS configuration cannot be used: check the AWS_* variables and the file they name",
}
GENERAL = {
    "away": "is the server up, and the network? Check AWS_ENDPOINT_URL, then run the same command again",
    403: f"this user may not do that: {RIGHTS}",
    507: NEXT_STEP["InsufficientStorage"],
}


class Trouble(Exception):  # never leaves the room: callers are told in our words
    """An answer that is no success, or none at all (status 0). Holds codes alone, no text of the server's."""

    def __init__(self, code: str, status: int = 0) -> None:
        super().__init__(code)
        self.code = code
        self.status = status

    @property
    def kind(self) -> Kind:
        """`away` is worth another try; `missing` and `conflict` speak of the key; all else will stay refused."""
        if self.code in NEXT_STEP:
            return "refused"
        if not self.status or self.code in AWAY or self.status == 429:
            return "away"
        if self.status >= 500 and self.status not in FINAL:
            return "away"
        if self.status == 404:
            return "missing"
        return "conflict" if self.status in (409, 412) else "refused"

    @property
    def next_step(self) -> str:
        """What a person does about it."""
        if self.kind == "away":
            return GENERAL["away"]
        return NEXT_STEP.get(self.code) or GENERAL.get(self.status) or f"{CHECK_STORE}, and look at the server's log"

    def __str__(self) -> str:
        """The server's code, with the status unless that is all it says."""
        return f"{self.code}, status {self.status}" if self.status and self.code != str(self.status) else self.code
