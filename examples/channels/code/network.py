"""What both scripts train."""

import argparse
import os

import torch
from torch import nn


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--channel", default=os.environ.get("SM_CHANNEL_DIGITS", "digits"))
    parser.add_argument("--model-dir", default=os.environ.get("SM_MODEL_DIR", "."))
    return parser.parse_args()


def image(record):
    """65 bytes: 64 pixels from 0 to 16, and the digit."""
    values = torch.tensor(list(record))
    return values[:64].reshape(1, 8, 8) / 16, values[64]


def train(model_dir, epochs, batches_of):
    """`batches_of(epoch)` gives the batches of an epoch, each (images, digits)."""
    torch.manual_seed(0)
    net = nn.Sequential(nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
                        nn.Linear(16 * 4 * 4, 10))
    optimizer = torch.optim.Adam(net.parameters(), lr=5e-3)
    for epoch in range(epochs):
        seen = right = 0
        for pixels, digits in batches_of(epoch):
            out = net(pixels)
            loss = nn.functional.cross_entropy(out, digits)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            seen += len(digits)
            right += int((out.argmax(1) == digits).sum())
        print(f"epoch {epoch + 1}/{epochs} images {seen} accuracy {right / seen:.3f}", flush=True)
    torch.save(net.state_dict(), os.path.join(model_dir, "model.pth"))
