#pragma once
/// What a job reads: channels and their sources. SageMaker API of 2017-07-24.

#include "wire/fields.hpp"
#include "wire/shapes/enums.hpp"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace trainyard::wire {

struct ModelAccessConfig {
  bool AcceptEula = false;
};
template <class V> void fields(V& v, ModelAccessConfig& x) {
  v("AcceptEula", x.AcceptEula, required);
}

struct HubAccessConfig {
  std::string HubContentArn;
};
template <class V> void fields(V& v, HubAccessConfig& x) {
  v("HubContentArn", x.HubContentArn, required, length(0, 255), pattern(R"~(.*)~"));
}

struct S3DataSource {
  std::string S3DataType;
  std::string S3Uri;
  std::optional<std::string> S3DataDistributionType;
  std::optional<std::vector<std::string>> AttributeNames;
  std::optional<std::vector<std::string>> InstanceGroupNames;
  std::optional<wire::ModelAccessConfig> ModelAccessConfig;
  std::optional<wire::HubAccessConfig> HubAccessConfig;
};
template <class V> void fields(V& v, S3DataSource& x) {
  v("S3DataType", x.S3DataType, required, one_of(enums::s3_data_type));
  v("S3Uri", x.S3Uri, required, length(0, 1024), pattern(R"~((https|s3)://([^/]+)/?(.*))~"));
  v("S3DataDistributionType", x.S3DataDistributionType, one_of(enums::s3_data_distribution));
  v("AttributeNames", x.AttributeNames, length(0, 16), each(length(1, 256), pattern(R"~(.+)~")));
  v("InstanceGroupNames", x.InstanceGroupNames, length(0, 5),
    each(length(1, 64), pattern(R"~(.+)~")));
  v("ModelAccessConfig", x.ModelAccessConfig);
  v("HubAccessConfig", x.HubAccessConfig);
}

struct FileSystemDataSource {
  std::string FileSystemId;
  std::string FileSystemAccessMode;
  std::string FileSystemType;
  std::string DirectoryPath;
};
template <class V> void fields(V& v, FileSystemDataSource& x) {
  // AWS's are longer: here the settings say which there are.
  v("FileSystemId", x.FileSystemId, required, length(0, 21), pattern(R"~((fs-[0-9a-f]+))~"));
  v("FileSystemAccessMode", x.FileSystemAccessMode, required,
    one_of(enums::file_system_access_mode));
  v("FileSystemType", x.FileSystemType, required, one_of(enums::file_system_type));
  v("DirectoryPath", x.DirectoryPath, required, length(0, 4096), pattern(R"~(.*)~"));
}

struct DatasetSource {
  std::string DatasetArn;
};
template <class V> void fields(V& v, DatasetSource& x) {
  v("DatasetArn", x.DatasetArn, required, length(0, 2048),
    pattern(
        R"~((arn:[a-z0-9-\.]{1,63}:sagemaker:\w+(?:-\w+)+:(\d{12}|aws):hub-content\/)[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}\/DataSet\/[a-zA-Z0-9](-*[a-zA-Z0-9]){0,63}(\/\d{1,4}.\d{1,4}.\d{1,4})?)~"));
}

struct DataSource {
  std::optional<wire::S3DataSource> S3DataSource;
  std::optional<wire::FileSystemDataSource> FileSystemDataSource;
  std::optional<wire::DatasetSource> DatasetSource;
};
template <class V> void fields(V& v, DataSource& x) {
  v("S3DataSource", x.S3DataSource);
  v("FileSystemDataSource", x.FileSystemDataSource);
  v("DatasetSource", x.DatasetSource);
}

struct ShuffleConfig {
  std::int64_t Seed = 0;
};
template <class V> void fields(V& v, ShuffleConfig& x) {
  v("Seed", x.Seed, required);
}

struct Channel {
  std::string ChannelName;
  wire::DataSource DataSource;
  std::optional<std::string> ContentType;
  std::optional<std::string> CompressionType;
  std::optional<std::string> RecordWrapperType;
  std::optional<std::string> InputMode;
  std::optional<wire::ShuffleConfig> ShuffleConfig;
};
template <class V> void fields(V& v, Channel& x) {
  v("ChannelName", x.ChannelName, required, length(1, 64), pattern(R"~([A-Za-z0-9\.\-_]+)~"));
  v("DataSource", x.DataSource, required);
  v("ContentType", x.ContentType, length(0, 256), pattern(R"~(.*)~"));
  v("CompressionType", x.CompressionType, one_of(enums::compression_type));
  v("RecordWrapperType", x.RecordWrapperType, one_of(enums::record_wrapper));
  v("InputMode", x.InputMode, one_of(enums::training_input_mode));
  v("ShuffleConfig", x.ShuffleConfig);
}

}  // namespace trainyard::wire
