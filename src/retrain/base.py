"""Which base weights does a model start from? A folder on this machine, pinned by the digest of its files."""

import importlib.util
from dataclasses import dataclass
from pathlib import Path

from retrain.errors import BaseModelMissing, DigestMismatch
from retrain.values import canonical_json, digest_of, digest_of_file, short

PACKAGE = "package:"
NEEDED = ("config.json", "tokenizer.json", "model.safetensors")
ADAPTER = "adapter_config.json"
READ = (*NEEDED, "tokenizer_config.json", "special_tokens_map.json", "vocab.txt")


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    """Base weights found on this machine."""

    name: str
    """As the spec writes it; a lineage names the base by this and the digest, never by a path of one machine."""
    folder: Path
    digest: str


def locate(name: str, folder: Path, *, pinned: str | None = None) -> Base:
    """Find base weights: `package:NAME`, or a folder (relative ones count from `folder`).

    Raises BaseModelMissing when they are not there, DigestMismatch when they are not the pinned ones.
    """
    root = _in_package(name.removeprefix(PACKAGE)) if name.startswith(PACKAGE) else folder / Path(name).expanduser()
    missing = [file for file in NEEDED if not (root / file).is_file()]
    if missing:
        raise BaseModelMissing(
            f"base model {name!r}: {', '.join(missing)} not found in {root}; expected a folder with "
            f"{', '.join(NEEDED)} "
            f"(weights in safetensors). Download the base there, or name another in the spec under 'base'"
        )
    if (root / ADAPTER).exists():
        # transformers would follow it to another base, which no digest here covers.
        raise BaseModelMissing(
            f"base model {name!r} in {root} holds {ADAPTER}: that is an adapter, not a base; name its base"
        )
    digest = _digest(root)
    if pinned is not None and digest != pinned:
        raise DigestMismatch(
            f"base model {name!r} in {root} has digest {short(digest)}, {short(pinned)} was pinned; "
            f"other weights would "
            f"make another model. Restore the base, or remove the pin and retrain"
        )
    return Base(name=name, folder=root, digest=digest)


def _in_package(package: str) -> Path:
    try:
        found = importlib.util.find_spec(package)
    except (ImportError, ValueError):
        found = None
    if found is None or not found.submodule_search_locations:
        raise BaseModelMissing(
            f"base model '{PACKAGE}{package}': no Python package {package!r} is installed; install it "
            f"(pip install {package.replace('_', '-')}), or name a folder in the spec under 'base'"
        )
    roots = [Path(place) for place in found.submodule_search_locations]
    for root in roots:
        for config in sorted(root.rglob("config.json"), key=lambda path: len(path.parts)):
            if all((config.parent / file).is_file() for file in NEEDED):
                return config.parent
    return roots[0]


def _digest(root: Path) -> str:
    """Over the files that determine what the model computes, by name."""
    return digest_of(canonical_json({file: digest_of_file(root / file) for file in READ if (root / file).is_file()}))
