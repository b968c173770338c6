"""The least that a training script is: hyperparameters in, data read, a model left behind.

examples/digits/code/train.py is one that learns something.
"""

import argparse
import os

import torch

parser = argparse.ArgumentParser()
parser.add_argument("--batch_size", type=int)
parser.add_argument("--lr", type=float)
parser.add_argument("--image_size", type=int)
args = parser.parse_args()
print(args)

data = os.environ["SM_CHANNEL_TRAINING"]
for directory, _, names in os.walk(data):
    for name in sorted(names):
        path = os.path.join(directory, name)
        print(f"{os.path.relpath(path, data)}: {os.path.getsize(path)} bytes", flush=True)

model = torch.nn.Linear(args.image_size * args.image_size, 10)
torch.save(model.state_dict(), os.path.join(os.environ["SM_MODEL_DIR"], "model.pth"))
