"""Reads a channel in Pipe mode: a FIFO an epoch, each object of the channel a RecordIO record."""

import struct

import torch

from network import arguments, image, train

MAGIC, RECORD, BATCH = 0xced7230a, 65, 64


def records(path):
    """The records of one epoch: magic number, length, content, zeros up to four bytes."""
    with open(path, "rb") as pipe:
        while header := pipe.read(8):
            magic, length = struct.unpack("<II", header)
            assert magic == MAGIC, "this is no RecordIO"
            yield pipe.read((length + 3) // 4 * 4)[:length]


def batches(path):
    waiting = []
    for record in records(path):
        waiting += [image(record[at:at + RECORD]) for at in range(0, len(record), RECORD)]
        while len(waiting) >= BATCH:
            yield tuple(map(torch.stack, zip(*waiting[:BATCH])))
            del waiting[:BATCH]
    if waiting:
        yield tuple(map(torch.stack, zip(*waiting)))


if __name__ == "__main__":
    args = arguments()
    train(args.model_dir, args.epochs, lambda epoch: batches(f"{args.channel}_{epoch}"))
