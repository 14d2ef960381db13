"""Every exception that this project raises, as one tree.

    RetrainError                      exit status
    |- UsageError                     2   the caller's words or files are wrong
    |  |- SpecError                       a model spec that cannot be used
    |  |- UnknownModel                    no spec of that name
    |  |- UnknownVersion                  no such version in the store or ledger
    |  |- UnknownDecision                 no such entry in the ledger
    |  |- LogError                        a production, label or example log that cannot be used at all
    |  `- BaseModelMissing                the base weights are not where the spec says
    |- WorldError                     3   the world is broken: store, disk, a process that died
    |  |- StoreError                      the store cannot be read or written (disk full, read-only, away)
    |  |- ServiceAway                     the Prefect server cannot be reached, or has not what a request needs
    |  |- PortTaken                       another program listens where one of ours should
    |  |- WorkerDied                      a training or scoring process ended without an answer
    |  `- MissingPackage                  an optional package that this command needs is not installed
    |- SafetyError                    4   going on could serve or keep something wrong
    |  |- DigestMismatch                  bytes are not what their digest promised
    |  |- UnsafeStore                     a store that does not keep the promise of create-only
    |  |- UnsafeName                      a name from outside that would leave its folder
    |  |- BrokenLedger                    the ledger's chain or state does not hold
    |  `- Unvouched                       an entry that no trusted key has signed
    |- AlreadyExists                      create-only found the key taken: a lost race; callers decide again
    |- NotInStore                         the key is not there; callers translate it
    `- ClaimLost                          another run took over; this run's results do not count

A refusal ("412 examples, 500 needed") is not here: it is a value, and ends a command in success.
"""


class RetrainError(Exception):
    """The root. `exit_status` is what a command that ends with this error returns."""

    exit_status = 3


class UsageError(RetrainError):
    """The caller's words or files are wrong."""

    exit_status = 2


class SpecError(UsageError):
    """A model spec that cannot be used; the message names file, line and the next step."""


class UnknownModel(UsageError):
    """No spec of that name in the models folder."""


class UnknownVersion(UsageError):
    """No such version."""


class UnknownDecision(UsageError):
    """No such ledger entry."""


class LogError(UsageError):
    """A log or example file that cannot be used at all (single bad rows are quarantined instead)."""


class BaseModelMissing(UsageError):
    """The base weights are not where the spec says, or are not what was pinned."""


class WorldError(RetrainError):
    """The world is broken: try again once it is mended."""

    exit_status = 3


class StoreError(WorldError):
    """The store cannot be read or written."""


class ServiceAway(WorldError):
    """The Prefect server cannot be reached, or does not have what a request needs."""


class PortTaken(WorldError):
    """Another program listens where one of ours should."""


class WorkerDied(WorldError):
    """A process of ours ended without an answer (killed, out of memory, crashed)."""


class MissingPackage(WorldError):
    """An optional package is needed for this and is not installed."""


class SafetyError(RetrainError):
    """Refused, because going on could serve or keep something wrong."""

    exit_status = 4


class DigestMismatch(SafetyError):
    """The bytes found are not the bytes that were promised."""


class UnsafeStore(SafetyError):
    """A store that does not keep the promise of create-only; nothing is written to it."""


class UnsafeName(SafetyError):
    """A name that would leave the folder it belongs to."""


class BrokenLedger(SafetyError):
    """The ledger's numbers, chain or state do not hold together."""


class Unvouched(SafetyError):
    """The newest ledger entry is not signed by a key that RETRAIN_TRUSTED_KEYS names."""


class AlreadyExists(RetrainError):
    """Create-only found the key taken. Not a fault: read what is there and decide again."""


class NotInStore(RetrainError):
    """The key is not in the store."""


class ClaimLost(RetrainError):
    """Another run holds the claim now; nothing of this run counts."""
