"""How does one train the same with the libraries alone? Transformers' Trainer around peft's LoRA."""

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

EPOCHS = 5
MAX_TOKENS = 128
SETTINGS: dict[str, dict[str, Any]] = {
    "our batch and rate, bf16": {"per_device_train_batch_size": 32, "learning_rate": 1e-3, "bf16": True},
    "their defaults": {},
}


def train_peer(
    base: Path, rows: Sequence[tuple[str, str]], name: str
) -> tuple[Callable[[list[str]], list[str]], float]:
    """Train on the rows: what answers texts, and the seconds in Trainer's loop."""
    import torch  # noqa: PLC0415
    from peft import LoraConfig, get_peft_model  # noqa: PLC0415
    from transformers import (  # noqa: PLC0415
        AutoModelForSequenceClassification,
        AutoTokenizer,
        DataCollatorWithPadding,
        Trainer,
        TrainingArguments,
    )

    labels = sorted({label for _, label in rows})
    tokenizer = AutoTokenizer.from_pretrained(base, local_files_only=True)
    torch.manual_seed(17)
    model = AutoModelForSequenceClassification.from_pretrained(
        base, num_labels=len(labels), local_files_only=True, use_safetensors=True
    )
    model = get_peft_model(model, LoraConfig(task_type="SEQ_CLS"))
    taught = [
        {**tokenizer(text, truncation=True, max_length=MAX_TOKENS), "labels": labels.index(label)}
        for text, label in rows
    ]
    with tempfile.TemporaryDirectory() as scratch:
        arguments = TrainingArguments(
            output_dir=scratch,
            num_train_epochs=EPOCHS,
            save_strategy="no",
            report_to=[],
            use_cpu=not torch.cuda.is_available(),
            disable_tqdm=True,
            **SETTINGS[name],
        )
        trainer = Trainer(
            model=model, args=arguments, train_dataset=taught, data_collator=DataCollatorWithPadding(tokenizer)
        )
        done = trainer.train()

    @torch.inference_mode()
    def answer(texts: list[str]) -> list[str]:
        model.eval()
        said: list[str] = []
        for at in range(0, len(texts), 64):
            batch = tokenizer(
                texts[at : at + 64], truncation=True, max_length=MAX_TOKENS, padding=True, return_tensors="pt"
            )
            said += [labels[row] for row in model(**batch.to(model.device)).logits.argmax(1).tolist()]
        return said

    return answer, float(done.metrics["train_runtime"])
