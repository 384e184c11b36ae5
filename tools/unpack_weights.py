"""A GGUF file as the folder that `transformers serve` loads; run by the Python that has torch, for `tools/interop.py`.

    python unpack_weights.py FILE FOLDER

`transformers serve` takes a GGUF file too, but fails where the file names no architecture, as SmolLM2's does (seen with 5.23).
"""

from __future__ import annotations

import sys
from pathlib import Path

import torch
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer


def main(file: Path, folder: Path) -> None:
    given = {"pretrained_model_name_or_path": str(file.parent), "gguf_file": file.name}
    packed = AutoModelForCausalLM.from_pretrained(**given, dtype=torch.float32)
    # A model loaded from GGUF calls itself quantized and refuses to be saved; one made new holds the same numbers.
    plain = AutoModelForCausalLM.from_config(AutoConfig.from_pretrained(**given), dtype=torch.float32)
    plain.load_state_dict(packed.state_dict())
    plain.save_pretrained(folder)
    AutoTokenizer.from_pretrained(**given).save_pretrained(folder)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
