"""A fake as a process of its own: `python -m tests.carriers.fakes onelink5 --port 8100 [--seed 7]`."""

import argparse
import os
import threading

from tests.carriers.fakes import FAKES

parser = argparse.ArgumentParser()
parser.add_argument("protocol", choices=FAKES)
parser.add_argument("--port", default="0")
parser.add_argument("--seed", type=int)
asked = parser.parse_args()
os.environ["FAKE_PORT"] = asked.port
with FAKES[asked.protocol](asked.seed) as fake:
    print(fake.base_url, f"seed {fake.seed}", fake.fields, fake.secrets, fake.settings, flush=True)
    threading.Event().wait()
