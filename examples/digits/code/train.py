"""Trains a small convolutional network on handwritten digits of 8 x 8 pixels.

An ordinary SageMaker training script: hyperparameters are arguments, SM_CHANNEL_TRAINING holds the
data, what lies in SM_MODEL_DIR at the end is the model, and /opt/ml/checkpoints is kept for a next
attempt. It also runs by hand: see the arguments' defaults.
"""

import argparse
import csv
import gzip
import math
import os

import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(1, 24, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(24, 48, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
            nn.Flatten(), nn.Linear(48 * 2 * 2, 10),
        )

    def forward(self, images):
        return self.layers(images)


def tensors(rows):
    """Images with values from 0 to 1 and their digits, from lines of 64 pixels and a digit."""
    pixels = torch.tensor([[int(value) for value in row[:64]] for row in rows])
    digits = torch.tensor([int(row[64]) for row in rows])
    return pixels.reshape(-1, 1, 8, 8) / 16, digits


def load(directory):
    rows = []
    for name in sorted(os.listdir(directory)):
        if name.endswith(".csv.gz"):
            with gzip.open(os.path.join(directory, name), "rt", newline="") as file:
                rows += csv.reader(file)
    return tensors(rows)


class Checkpoints:
    """One file an epoch, written beside its place and renamed: it is whole or not there."""

    def __init__(self, directory):
        self.directory = directory
        os.makedirs(directory, exist_ok=True)

    def newest(self):
        names = sorted(name for name in os.listdir(self.directory) if name.endswith(".pt"))
        return torch.load(os.path.join(self.directory, names[-1])) if names else None

    def save(self, epoch, state):
        path = os.path.join(self.directory, f"epoch-{epoch:05}.pt")
        torch.save(state, path + ".new")
        os.replace(path + ".new", path)


def train_epoch(model, optimizer, images, digits, batch_size):
    total = 0.0
    for batch in torch.randperm(len(images)).split(batch_size):
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(images[batch]), digits[batch])
        loss.backward()
        optimizer.step()
        total += loss.item() * len(batch)
    return total / len(images)


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--batch_size", type=int, default=32)
    parser.add_argument("--lr", type=float, default=5e-3)
    parser.add_argument("--image_size", type=int, default=8)
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--training", default=os.environ.get("SM_CHANNEL_TRAINING"))
    parser.add_argument("--model_dir", default=os.environ.get("SM_MODEL_DIR"))
    parser.add_argument("--checkpoints", default="/opt/ml/checkpoints")
    return parser.parse_args()


def main():
    args = arguments()
    images, digits = load(args.training)
    if images.shape[-1] != args.image_size:
        raise SystemExit(f"the images are {images.shape[-1]} pixels wide, not {args.image_size}")

    torch.manual_seed(7)
    model = Net()
    optimizer = torch.optim.Adam(model.parameters(), lr=args.lr)
    checkpoints = Checkpoints(args.checkpoints)
    done = 0
    if state := checkpoints.newest():
        model.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
        done = state["epochs"]
        print(f"going on after epoch {done}", flush=True)

    for epoch in range(done + 1, args.epochs + 1):
        # From lr down to almost nothing along half a cosine.
        lr = args.lr * (1 + math.cos(math.pi * (epoch - 1) / args.epochs)) / 2
        optimizer.param_groups[0]["lr"] = lr
        loss = train_epoch(model, optimizer, images, digits, args.batch_size)
        print(f"epoch {epoch}/{args.epochs} loss {loss:.4f}", flush=True)
        checkpoints.save(epoch, {
            "epochs": epoch, "model": model.state_dict(), "optimizer": optimizer.state_dict()})

    torch.save(model.state_dict(), os.path.join(args.model_dir, "model.pth"))


if __name__ == "__main__":
    main()
