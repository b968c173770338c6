"""Trains a small convolutional network on 8 x 8 handwritten digits.

An ordinary SageMaker training script: hyperparameters come as arguments, data and model directories as
SM_* variables, checkpoints lie where the service keeps them.
"""
import argparse
import csv
import gzip
import os

import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(),
            nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
            nn.Flatten(), nn.Linear(32 * 4 * 4, 64), nn.ReLU(), nn.Linear(64, 10))

    def forward(self, x):
        return self.layers(x)


def load(directory):
    """Images as floats from 0 to 1, and their digits."""
    images, digits = [], []
    for name in sorted(os.listdir(directory)):
        with gzip.open(os.path.join(directory, name), "rt") as file:
            for row in csv.reader(file):
                images.append([int(v) / 16 for v in row[:64]])
                digits.append(int(row[64]))
    return torch.tensor(images).reshape(-1, 1, 8, 8), torch.tensor(digits)


def newest_checkpoint(directory):
    names = sorted(n for n in os.listdir(directory) if n.endswith(".pt")) if os.path.isdir(directory) else []
    return os.path.join(directory, names[-1]) if names else None


def save(state, path):
    """A checkpoint is whole or not there: written beside, then renamed."""
    torch.save(state, path + ".new")
    os.replace(path + ".new", path)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--batch_size", type=int, default=32)
    parser.add_argument("--lr", type=float, default=1e-3)
    parser.add_argument("--image_size", type=int, default=8)
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--checkpoints", default="/opt/ml/checkpoints")
    args = parser.parse_args()

    torch.manual_seed(7)
    images, digits = load(os.environ["SM_CHANNEL_TRAINING"])
    assert images.shape[-1] == args.image_size, f"images are {images.shape[-1]} pixels wide"
    model = Net()
    optimizer = torch.optim.Adam(model.parameters(), lr=args.lr)
    first = 0
    os.makedirs(args.checkpoints, exist_ok=True)
    if path := newest_checkpoint(args.checkpoints):
        state = torch.load(path)
        model.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
        first = state["epoch"] + 1
        print(f"resumed behind epoch {state['epoch']}")

    for epoch in range(first, args.epochs):
        order = torch.randperm(len(images))
        total = 0.0
        for batch in order.split(args.batch_size):
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(model(images[batch]), digits[batch])
            loss.backward()
            optimizer.step()
            total += loss.item() * len(batch)
        print(f"epoch {epoch} loss {total / len(images):.4f}", flush=True)
        save({"epoch": epoch, "model": model.state_dict(), "optimizer": optimizer.state_dict()},
             os.path.join(args.checkpoints, f"epoch-{epoch:03}.pt"))
    torch.save(model.state_dict(), os.path.join(os.environ["SM_MODEL_DIR"], "model.pth"))


if __name__ == "__main__":
    main()
