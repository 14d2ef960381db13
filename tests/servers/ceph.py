"""How is a real Ceph (monitor, one disk daemon, S3 gateway) started for a test, killed, and started again?"""

import signal
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from servers.certificates import Certificates, certificates
from servers.needed import free_port, needed

START_SECONDS = 120.0
ACCESS = "the-tests-access-key"
SECRET = "the-tests-secret-key-0123456789"
FSID = "7d5c6b1e-0000-4000-8000-00000000c0de"
PARTS = ("mon", "osd", "rgw")

CONFIGURATION = """\
[global]
fsid = {fsid}
mon host = [v2:127.0.0.1:{mon_port},v1:127.0.0.1:{old_mon_port}]
auth cluster required = cephx
auth service required = cephx
auth client required = cephx
auth allow insecure global id reclaim = false
run dir = {root}/run
admin socket = {root}/run/$name.asok
pid file =
keyring = {root}/keyring
log file =
log to stderr = false
err to stderr = true
public addr = 127.0.0.1
cluster addr = 127.0.0.1
osd pool default size = 1
osd pool default min size = 1
osd crush chooseleaf type = 0
osd pool default pg num = 1
osd pool default pgp num = 1
osd pool default pg autoscale mode = off
mon allow pool size one = true
mon warn on pool no redundancy = false
mon max pg per osd = 1000
# A small disk is no reason to stop: nothing large is kept here.
mon data avail crit = 1
mon data avail warn = 2
# A cluster of one agrees with itself at once.
paxos propose interval = 0.02
paxos min wait = 0.01
[mon]
mon data = {root}/mon
mon cluster log file =
[osd]
osd data = {root}/osd
osd objectstore = {objectstore}
bluestore block create = true
bluestore block size = 4294967296
bluestore block wal create = false
bluestore block db create = false
bluestore fsck on mount = false
memstore device bytes = 2147483648
osd memory target = 939524096
osd class update on start = true
[client.rgw]
rgw frontends = {frontends}
rgw data = {root}/rgw
rgw enable usage log = false
rgw thread pool size = 64
rgw run sync thread = false
"""


@dataclass(slots=True)
class Ceph:
    """One cluster in a folder of its own, on ports of its own."""

    root: Path
    certificates: Certificates | None = None
    objectstore: str = "memstore"
    """`memstore` starts at once and forgets everything when its daemon is killed; `bluestore` keeps it."""
    port: int = field(default_factory=free_port)
    tls_port: int = field(default_factory=free_port)
    processes: "dict[str, subprocess.Popen[bytes]]" = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        """What boto3 has to be told."""
        return {**self._keys, "AWS_ENDPOINT_URL": f"http://127.0.0.1:{self.port}"}

    @property
    def tls_environment(self) -> dict[str, str]:
        """The same buckets over TLS."""
        assert self.certificates is not None
        bundle = {"AWS_CA_BUNDLE": str(self.certificates.authority)}
        return {**self._keys, **bundle, "AWS_ENDPOINT_URL": f"https://127.0.0.1:{self.tls_port}"}

    @property
    def _keys(self) -> dict[str, str]:
        return {"AWS_ACCESS_KEY_ID": ACCESS, "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_DEFAULT_REGION": "us-east-1"}

    def create(self) -> None:
        """Make the cluster and its S3 user."""
        self._configure()
        self._make_keys()
        monmap = str(self.root / "monmap")
        ports = self._mon_ports
        address = f"[v2:127.0.0.1:{ports[0]},v1:127.0.0.1:{ports[1]}]"
        self._run("monmaptool", "--create", "--clobber", "--addv", "a", address, "--fsid", FSID, monmap)
        self._run("ceph-mon", *self._conf, "-i", "a", "--mkfs", "--monmap", monmap, "--keyring", self._keyring)
        self.start("mon")
        disk = str(uuid.uuid4())
        self._run("ceph", *self._conf, "osd", "new", disk)
        self._run("ceph-osd", *self._conf, "-i", "0", "--mkfs", "--osd-uuid", disk)
        self._run("ceph", *self._conf, "osd", "crush", "add", "osd.0", "1.0", "root=default", "host=localhost")
        self.start("osd")
        user = ("--uid", "tests", "--display-name", "tests", "--access-key", ACCESS, "--secret-key", SECRET)
        self._run("radosgw-admin", *self._conf, "-n", "client.rgw", "user", "create", *user)
        self.start("rgw")
        self.wait()

    def start(self, *parts: str) -> None:
        """Start daemons; without names all of them, in the order in which they need each other."""
        commands = {
            "mon": ("ceph-mon", "-i", "a"),
            "osd": ("ceph-osd", "-i", "0"),
            "rgw": ("radosgw", "-n", "client.rgw"),
        }
        for part in parts or PARTS:
            program, *arguments = commands[part]
            with (self.root / f"{part}.log").open("ab") as log:
                self.processes[part] = subprocess.Popen(
                    [needed(program), *self._conf, *arguments, "-f"],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                )

    def kill(self, *parts: str) -> None:
        """As a machine that loses its power would."""
        for part in parts or reversed(PARTS):
            if part in self.processes:
                process = self.processes.pop(part)
                process.send_signal(signal.SIGKILL)
                process.wait(30)

    def wait(self) -> None:
        """Until the gateway answers."""
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end:
            assert self.processes["rgw"].poll() is None, (self.root / "rgw.log").read_text()[-2000:]
            try:
                if httpx.get(f"http://127.0.0.1:{self.port}/", timeout=2, trust_env=False).is_success:
                    return
            except httpx.TransportError:
                time.sleep(0.05)
        raise AssertionError(f"no answer in {START_SECONDS:.0f} s: {(self.root / 'rgw.log').read_text()[-2000:]}")

    @property
    def _conf(self) -> tuple[str, str]:
        return ("--conf", str(self.root / "ceph.conf"))

    @property
    def _keyring(self) -> str:
        return str(self.root / "keyring")

    @property
    def _mon_ports(self) -> tuple[int, int]:
        first, second = (self.root / "mon-ports").read_text().split()
        return int(first), int(second)

    def _configure(self) -> None:
        for folder in ("mon", "osd", "run"):
            (self.root / folder).mkdir(parents=True)
        (self.root / "mon-ports").write_text(f"{free_port()} {free_port()}")
        frontends = f"beast endpoint=127.0.0.1:{self.port} tcp_nodelay=1"
        if self.certificates:
            frontends += f" ssl_endpoint=127.0.0.1:{self.tls_port} ssl_certificate={self.certificates.chain}"
            frontends += f" ssl_private_key={self.certificates.key}"
        ports = self._mon_ports
        places = {"fsid": FSID, "root": self.root, "mon_port": ports[0], "old_mon_port": ports[1]}
        text = CONFIGURATION.format(**places, objectstore=self.objectstore, frontends=frontends)
        (self.root / "ceph.conf").write_text(text)

    def _make_keys(self) -> None:
        rights = {
            "mon.": {"mon": "allow *"},
            "client.admin": {"mon": "allow *", "osd": "allow *", "mgr": "allow *"},
            "client.rgw": {"mon": "allow rwx", "osd": "allow rwx"},
            "osd.0": {"mon": "allow profile osd", "osd": "allow *"},
        }
        (self.root / "keyring").touch(mode=0o600)
        for name, may in rights.items():
            caps = [word for daemon, right in may.items() for word in ("--cap", daemon, right)]
            self._run("ceph-authtool", self._keyring, "--gen-key", "-n", name, *caps)

    def _run(self, program: str, *arguments: str) -> None:
        ran = subprocess.run(
            [needed(program), *arguments], capture_output=True, text=True, check=False, timeout=START_SECONDS
        )
        assert ran.returncode == 0, f"{program} {' '.join(arguments)}: {ran.stderr[-2000:]}"


@contextmanager
def ceph(*, tls: bool = False, objectstore: str = "memstore") -> Iterator[Ceph]:
    """A cluster that answers; stopped at the end, whatever a test did to it."""
    for program in ("ceph-mon", "ceph-osd", "radosgw", "radosgw-admin", "ceph-authtool", "monmaptool", "ceph"):
        needed(program)
    # A folder with a short name: the cluster's sockets live there, and the kernel allows their paths 107 characters.
    with tempfile.TemporaryDirectory(prefix="ceph-") as folder:
        root = Path(folder)
        cluster = Ceph(root=root, certificates=certificates(root) if tls else None, objectstore=objectstore)
        try:
            cluster.create()
            yield cluster
        finally:
            cluster.kill()
