"""Reads a directory of files, by a DataLoader with workers: S3 in File or FastFile mode, EFS, FSx."""

import os

from torch.utils.data import DataLoader, Dataset

from network import arguments, image, train

RECORD = 65


class Digits(Dataset):
    """An image where it lies: one read each, nothing is kept."""

    def __init__(self, directory):
        self.places = [(entry.path, at) for entry in sorted(os.scandir(directory), key=lambda e: e.name)
                       for at in range(0, entry.stat().st_size, RECORD)]

    def __len__(self):
        return len(self.places)

    def __getitem__(self, n):
        path, at = self.places[n]
        with open(path, "rb") as file:
            file.seek(at)
            return image(file.read(RECORD))


if __name__ == "__main__":
    args = arguments()
    loader = DataLoader(Digits(args.channel), batch_size=64, shuffle=True, num_workers=args.workers)
    train(args.model_dir, args.epochs, lambda epoch: loader)
