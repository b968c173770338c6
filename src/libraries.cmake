# The layers, lowest first. What is not listed as a dependency may not be included: tests/tidy checks it.
trainyard_library(base base PKGS fmt::fmt OpenSSL::Crypto Threads::Threads)
trainyard_library(os os DEPS base PKGS seccomp)
trainyard_library(wire_sign wire/sign DEPS base)
trainyard_library(wire wire DEPS base wire_sign PKGS boost_json re2 pugixml isal)
trainyard_library(wire_packages wire/packages DEPS base)
trainyard_library(wire_shapes wire/shapes DEPS base wire)
trainyard_library(wire_instance wire/instance DEPS base wire)
trainyard_library(net net DEPS base os wire PKGS Threads::Threads OpenSSL::SSL)
trainyard_library(s3 s3 DEPS base os wire wire_sign net PKGS isal)
trainyard_library(origin origin DEPS base os wire wire_sign wire_instance s3)
trainyard_library(job job DEPS base)
trainyard_library(store service/store DEPS base PKGS sqlite3)
trainyard_library(objects service/objects DEPS base os store wire wire_instance)
trainyard_library(disk service/disk DEPS base os store objects)
trainyard_library(channels service/channels DEPS base os wire wire_shapes wire_instance s3 origin store objects)
trainyard_library(agent_runtime agent/runtime DEPS base os)
trainyard_library(agent_channels agent/channels DEPS base os wire wire_instance s3 origin PKGS isal)
trainyard_library(agent_fast_file agent/fast_file DEPS base os wire_instance s3 agent_channels)
trainyard_library(agent_outputs agent/outputs DEPS base os s3 PKGS isal)
trainyard_library(agent_watch agent/watch DEPS base os wire_instance)
trainyard_library(agent agent DEPS base os wire wire_instance wire_packages net s3 agent_runtime agent_watch
                  agent_channels agent_fast_file agent_outputs)
trainyard_library(fleet service/fleet DEPS base os wire wire_instance net)
trainyard_library(logs service/logs DEPS base os wire_instance net)
trainyard_library(engine service/engine
                  DEPS base os wire wire_shapes wire_instance s3 origin job store channels fleet net)
trainyard_library(events service/events DEPS base os wire wire_shapes net store engine)
trainyard_library(identity service/identity DEPS base store)
trainyard_library(api_operation service/api/operation
                  DEPS base wire wire_shapes store disk engine identity logs)
trainyard_library(api_s3 service/api/s3 DEPS base os wire wire_sign net origin store objects)
trainyard_library(api_sagemaker service/api/sagemaker
                  DEPS base wire wire_shapes s3 store identity channels engine api_operation)
trainyard_library(api_logs service/api/logs DEPS base wire wire_shapes store logs api_operation)
trainyard_library(api_sts service/api/sts DEPS base api_operation)
trainyard_library(api_iam service/api/iam DEPS base wire api_operation)
trainyard_library(api_trainyard service/api/trainyard
                  DEPS base os wire wire_shapes store engine events identity logs api_operation)
trainyard_library(api service/api DEPS base wire wire_sign wire_shapes wire_instance net fleet identity
                  api_operation api_s3 api_sagemaker api_logs api_sts api_iam api_trainyard)
trainyard_library(service service DEPS base os wire wire_instance net store objects disk identity logs fleet
                  engine events api_s3 api)
trainyard_library(cli cli DEPS base os wire wire_sign wire_shapes wire_instance wire_packages net)

add_executable(trainyard src/main.cpp src/doctor.cpp)
target_include_directories(trainyard PRIVATE src)
target_compile_options(trainyard PRIVATE ${warnings})
target_compile_definitions(trainyard PRIVATE TRAINYARD_VERSION="${PROJECT_VERSION}")
target_link_libraries(trainyard PRIVATE service engine agent agent_outputs agent_runtime wire cli)

# The program inside a container. Static, so that it runs in any image: the archives are named, for Debian's
# fmt, which base's CMake target brings along, has none.
trainyard_library(toolkit toolkit DEPS base os wire_sign wire_packages PKGS z)
find_library(static_crypto libcrypto.a REQUIRED)
find_library(static_z libz.a REQUIRED)
add_executable(trainyard-train src/toolkit/main.cc)
target_include_directories(trainyard-train PRIVATE src)
target_compile_options(trainyard-train PRIVATE ${warnings})
add_dependencies(trainyard-train toolkit)
target_link_libraries(trainyard-train PRIVATE $<TARGET_FILE:toolkit> $<TARGET_FILE:wire_sign>
                      $<TARGET_FILE:wire_packages> $<TARGET_FILE:os>
                      $<TARGET_FILE:base> ${static_crypto} ${static_z} -Wl,--gc-sections)
if(NOT CMAKE_CXX_FLAGS MATCHES "fsanitize")
  target_link_options(trainyard-train PRIVATE -static)
endif()
if(CMAKE_CXX_FLAGS MATCHES "-O2")
  target_link_options(trainyard-train PRIVATE -s)
endif()

# What the benchmarks time, and with what.
add_executable(pack tests/bench/pack.cc)
target_link_libraries(pack PRIVATE agent_outputs)
add_executable(play tests/bench/play.cc)
target_compile_options(play PRIVATE ${warnings})
add_executable(sandbox_start tests/bench/sandbox_start.cc)
target_compile_options(sandbox_start PRIVATE ${warnings})
target_link_libraries(sandbox_start PRIVATE agent_runtime)

# The shapes of the API, for tests/conformance to compare with botocore's.
add_executable(print_shapes tests/conformance/print_shapes.cc)
target_compile_options(print_shapes PRIVATE ${warnings})
target_link_libraries(print_shapes PRIVATE wire_shapes)

# The sandbox against its contract: tests/sandbox runs it as root and as an ordinary user.
set(contract box.cc ending_contract.cc files_contract.cc limits_contract.cc process_contract.cc
    roots_contract.cc setup_contract.cc walls_contract.cc)
list(TRANSFORM contract PREPEND tests/sandbox/)
add_executable(sandbox_contract src/base/doctest_main.cc ${contract})
target_compile_options(sandbox_contract PRIVATE ${warnings})
target_link_libraries(sandbox_contract PRIVATE agent_runtime)

# What tests give programs for a driver of NVIDIA's.
add_library(fake_nvml SHARED tests/agent/fake_nvml.cc)
target_compile_options(fake_nvml PRIVATE ${warnings})
set_target_properties(fake_nvml PROPERTIES OUTPUT_NAME nvidia-ml VERSION 1 SOVERSION 1
                      LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/fake_nvml)
foreach(test os_test agent_test engine_test)
  add_dependencies(${test} fake_nvml)
endforeach()

get_property(tests GLOBAL PROPERTY trainyard_tests)
add_custom_target(unit_tests DEPENDS ${tests})

# Machine and queue in a seeded world.
add_executable(simulation tests/simulation/main.cc tests/simulation/promises.cc tests/simulation/world.cc)
target_compile_options(simulation PRIVATE ${warnings})
target_link_libraries(simulation PRIVATE job)
