"""Prints the figures asked for, one JSON line each: name, value, unit, what it is held against in the
same run (peer, peer_value, ratio), the figure wanted, whether it was reached, and the command."""

import json
import pathlib
import signal
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "conformance"))

import control  # noqa: E402
import copies  # noqa: E402
import data  # noqa: E402
import elsewhere  # noqa: E402
import jobs  # noqa: E402
import million  # noqa: E402
import minio  # noqa: E402
import objects  # noqa: E402
import programs  # noqa: E402
import toolkit  # noqa: E402

FIGURES = {**jobs.FIGURES, **control.FIGURES, **objects.FIGURES, **data.FIGURES, **elsewhere.FIGURES,
           **programs.FIGURES, **toolkit.FIGURES, **copies.FIGURES, **minio.FIGURES, **million.FIGURES}

# The figure wanted, and whether less or more is better.
WANTED = {
    "job_start_ms": ("<=", 60), "sandbox_start_ms": ("<=", 15), "quickstart_job_ms": ("<=", 4000),
    "stage_10k_first_ms": ("<=", 400), "stage_10k_ms": ("<=", 25), "complete_4g_ms": ("<=", 50),
    "pack_vs_tar": (">=", 10), "pack_size_vs_gzip6": ("<=", 1.03), "create_vs_moto": (">=", 30),
    "describe_vs_moto": (">=", 60), "describe_p99_ms": ("<=", 10), "idle_rss_mib": ("<=", 30),
    "idle_switches": ("<=", 5), "stage_4g_ms": ("<=", 25), "fastfile_seq_vs_native": (">=", 0.95),
    "fastfile_files_vs_native": (">=", 0.9), "fastfile_first_byte_ms": ("<=", 2),
    "stage_vs_rclone_small": (">=", 3), "stage_vs_rclone_big": (">=", 1),
    "fastfile_remote_seq_vs_s3fs": (">=", 5), "fastfile_remote_files_vs_s3fs": (">=", 5),
    "pipe_mb_per_s": (">=", 1000), "requirements_cached_ms": ("<=", 100),
    "toolkit_start_ms": ("<=", 10), "toolkit_vs_python": (">=", 50), "toolkit_lines_per_s": (">=", 1_000_000),
    "toolkit_error_lines_per_s": (">=", 1_000_000),
    "pack_vs_python": (">=", 40),
    "stage_copy_vs_cp": ("<=", 1.2),
    "put4k_vs_minio": (">=", 2), "get4k_vs_minio": (">=", 3), "put256m_vs_minio": (">=", 1.5),
    "get256m_vs_minio": (">=", 1.5), "list1000_vs_minio": (">=", 10),
    "list1000_flat": ("<=", 1.5), "stage_million_first_s": ("<=", 60), "stage_million_s": ("<=", 1),
}


def line(figure):
    """One figure as printed; `peer_value` is None where nothing comparable exists."""
    how, wanted = WANTED[figure["name"]]
    value, peer = figure["value"], figure.get("peer_value")
    if figure["unit"] == "times":  # is one
        figure["ratio"] = value
    else:
        figure["ratio"] = round(value / peer, 3) if peer else None
    figure["wanted"] = f"{how} {wanted}"
    figure["ok"] = value <= wanted if how == "<=" else value >= wanted
    figure["command"] = f"./bench {figure['name']}"
    return json.dumps(figure)


def main(names):
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # what a figure has started ends with it
    chosen = [name for name in FIGURES if not names or any(name.startswith(n) for n in names)]
    if not chosen:
        print(f"no such figure; there are: {', '.join(FIGURES)}", file=sys.stderr)
        return 2
    done = set()
    for name in chosen:
        if name in done:
            continue
        with tempfile.TemporaryDirectory(prefix="trainyard-bench-") as directory:
            for figure in FIGURES[name](pathlib.Path(directory)):
                done.add(figure["name"])
                if figure["name"] in chosen:
                    print(line(figure), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
