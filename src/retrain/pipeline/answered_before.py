"""What did both models answer at earlier looks? Kept on this machine as a shortcut; lost, it is asked again."""

import json

from retrain.pipeline.site import Site
from retrain.store.certificate import Pending
from retrain.training.durable import write_file
from retrain.values import canonical_json, digest_of, digest_of_text, short


class AnsweredBefore:
    """The challenger's and the champion's answers to texts, of one waiting challenger. Texts are kept as digests."""

    def __init__(self, site: Site, pending: Pending) -> None:
        # Of these two and no more: what people say meanwhile changes no answer.
        about = [pending.challenger, pending.champion, pending.evaluation]
        name = short(digest_of(canonical_json(about)))
        self._path = site.settings.work / site.model / f"looked-at-{name}.json"
        self._known: dict[str, tuple[str, str]] = self._read()

    def __contains__(self, text: str) -> bool:
        return digest_of_text(text) in self._known

    def of(self, text: str) -> tuple[str, str]:
        """What the challenger answered, and what the champion."""
        return self._known[digest_of_text(text)]

    def add(self, texts: list[str], challenger: list[str], champion: list[str]) -> None:
        """Keep the answers to these texts as well."""
        self._known |= dict(zip(map(digest_of_text, texts), zip(challenger, champion, strict=True), strict=True))
        self._path.parent.mkdir(parents=True, exist_ok=True)
        write_file(self._path, canonical_json(self._known))

    def _read(self) -> dict[str, tuple[str, str]]:
        try:
            content = json.loads(self._path.read_bytes())
            return {str(text): (str(new), str(old)) for text, (new, old) in content.items()}
        except (OSError, ValueError, AttributeError, TypeError):
            return {}
