"""What rclone needs to read a MinIO's bucket."""

import os

from other_s3 import KEY, SECRET


def rclone_environment(url):
    """For rclone, whose remote "far:" is the S3 at `url`."""
    settings = {"TYPE": "s3", "PROVIDER": "Minio", "ACCESS_KEY_ID": KEY, "SECRET_ACCESS_KEY": SECRET,
                "ENDPOINT": url, "REGION": "us-east-1"}
    kept = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")}
    return {**kept, **{f"RCLONE_CONFIG_FAR_{k}": v for k, v in settings.items()},
            "RCLONE_CONFIG": "/dev/null"}
