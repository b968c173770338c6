# The layers, lowest first. What is not listed as a dependency may not be included: tests/tidy checks it.
trainyard_library(base base PKGS fmt::fmt OpenSSL::Crypto)
trainyard_library(os os DEPS base)
