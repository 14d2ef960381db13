"""How does a test get a certificate that only its own authority vouches for?"""

import subprocess
from dataclasses import dataclass
from pathlib import Path

from servers.needed import needed

LEAF = "subjectAltName=IP:127.0.0.1,DNS:localhost\nbasicConstraints=CA:FALSE\nextendedKeyUsage=serverAuth\n"


@dataclass(frozen=True, slots=True)
class Certificates:
    """Files in PEM form."""

    authority: Path
    chain: Path
    key: Path


def certificates(folder: Path) -> Certificates:
    """An authority made for one test run, and a certificate of 127.0.0.1 by it."""
    made = Certificates(folder / "authority.pem", folder / "server.pem", folder / "server.key")
    authority_key, request, leaf = (str(folder / name) for name in ("authority.key", "server.csr", "leaf.cnf"))
    Path(leaf).write_text(LEAF)
    new_key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    _openssl("req", "-x509", *new_key, "-keyout", authority_key, "-out", str(made.authority), "-subj", "/CN=tests")
    _openssl("req", *new_key, "-keyout", str(made.key), "-out", request, "-subj", "/CN=127.0.0.1")
    signed_by = ("-CA", str(made.authority), "-CAkey", authority_key, "-CAcreateserial", "-days", "2")
    _openssl("x509", "-req", "-in", request, *signed_by, "-extfile", leaf, "-out", str(made.chain))
    return made


def _openssl(*arguments: str) -> None:
    ran = subprocess.run([needed("openssl"), *arguments], capture_output=True, text=True, check=False, timeout=60)
    assert ran.returncode == 0, ran.stderr
