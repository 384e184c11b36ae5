"""A llama.cpp server for `tools/interop.py`: run by the Python that has xllamacpp, and by nothing else.

    python llama_server.py WEIGHTS NAME CONTEXT SLOTS PORT

WEIGHTS is a GGUF file, NAME what the model is called, CONTEXT the tokens of one slot, SLOTS how many requests are answered side by side, PORT 0 for any that is free.
Prints its address when it answers. It ends when its standard input closes, so that it never outlives whoever started it.
"""

from __future__ import annotations

import os
import sys

from xllamacpp import CommonParams, Server


def main(weights: str, name: str, context: int, slots: int, port: int) -> None:
    params = CommonParams()
    params.model.path, params.model_alias = weights, {name}
    params.hostnames, params.port = ["127.0.0.1"], port
    params.n_ctx, params.n_parallel, params.use_jinja = context * slots, slots, True
    # A busy neighbour costs more than one thread brings.
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = max(1, (os.cpu_count() or 2) - 1)
    # The same run twice writes the same words; the default memory for old prompts grows by gigabytes.
    params.sampling.seed, params.cache_ram_mib = 7, 256
    server = Server(params)
    print(server.listening_address, flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main(*sys.argv[1:3], *map(int, sys.argv[3:]))
