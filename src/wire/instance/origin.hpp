#pragma once
/// Buckets that are not the service's own, as an agent is told of them: where they lie and how to
/// ask for what is in them.

#include "wire/fields.hpp"

#include <cstdint>
#include <string>

namespace trainyard::wire {

/// One such bucket. `Path` or `Endpoint` is set.
struct OriginSpec {
  std::string Name;       ///< as jobs name it: s3://NAME/KEY
  std::string Path;       ///< a directory of this machine
  bool Snapshot = false;  ///< of a directory: what is read is copied first
  std::string Endpoint, Bucket, Prefix, Region;
  std::string AccessKeyId, SecretAccessKey;
  std::string Profile, CredentialsFile;  ///< whose keys, where none are given; both "": none
  std::string CaBundle;
};
template <class V> void fields(V& v, OriginSpec& o) {
  v("Name", o.Name, required);
  v("Path", o.Path);
  v("Snapshot", o.Snapshot);
  v("Endpoint", o.Endpoint);
  v("Bucket", o.Bucket);
  v("Prefix", o.Prefix);
  v("Region", o.Region);
  v("AccessKeyId", o.AccessKeyId);
  v("SecretAccessKey", o.SecretAccessKey);
  v("Profile", o.Profile);
  v("CredentialsFile", o.CredentialsFile);
  v("CaBundle", o.CaBundle);
}

/// One of its objects, as it was listed.
struct OriginObject {
  std::string Origin, Key;
  std::int64_t Size = -1;  ///< -1 = not known yet, as its ETag
  std::string ETag;        ///< with its quotes
};
template <class V> void fields(V& v, OriginObject& o) {
  v("Origin", o.Origin, required);
  v("Key", o.Key, required);
  v("Size", o.Size);
  v("ETag", o.ETag);
}

}  // namespace trainyard::wire
