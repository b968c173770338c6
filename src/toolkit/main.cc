// trainyard-train: the `train` command of a training container. Static: it runs in any image.

#include "toolkit/packages.hpp"
#include "toolkit/train.hpp"

#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>

int main(int argc, char** argv) {
  if (argc > 1 && std::strcmp(argv[1], "--help") == 0) {
    std::puts("usage: train\n\nRuns the training that "
              "/opt/ml/input/config describes, as SageMaker's "
              "training toolkit does.\nSAGEMAKER_BASE_DIR names another directory than /opt/ml, "
              "TRAINYARD_PYTHON another Python than the one on PATH.");
    return 0;
  }
  // A standard descriptor that is closed would be taken by the next file opened.
  while (true) {
    const int fd = ::open("/dev/null", O_RDWR);
    if (fd > 2 || fd < 0) {
      if (fd > 2) ::close(fd);
      break;
    }
  }
  if (argc == 5 && std::strcmp(argv[1], "packages") == 0)  // an agent asks
    return trainyard::toolkit::run_packages(argv[2], argv[3], argv[4],
                                            trainyard::toolkit::Variables::of_process());
  return trainyard::toolkit::train(trainyard::toolkit::Variables::of_process(),
                                   trainyard::system_clock());
}
