#pragma once
/// What a local client and the service say on run/client.sock: one request, one answer, both JSON.
/// The client's Python environment comes along as an open directory.

#include "wire/fields.hpp"

#include <string>

namespace trainyard::wire {

struct SessionRequest {
  std::int64_t Hours =
      24 * 30;  ///< how long the key is good for: a fit() may wait for 28 days of job
};
template <class V> void fields(V& v, SessionRequest& r) {
  v("Hours", r.Hours, range(1, 24.0 * 30));
}

struct SessionAnswer {
  std::string AccessKeyId, SecretAccessKey, SessionToken;
  std::string Error;      ///< why there is none
  bool ShortIds = false;  ///< the service knows file systems by ids that clients think too short
};
template <class V> void fields(V& v, SessionAnswer& r) {
  v("AccessKeyId", r.AccessKeyId);
  v("SecretAccessKey", r.SecretAccessKey);
  v("SessionToken", r.SessionToken);
  v("Error", r.Error);
  v("ShortIds", r.ShortIds);
}

/// state/credentials: where the service is and its first key; for this user's clients. The same of
/// a service elsewhere, where `trainyard login URL` was told of it.
struct CredentialsFile {
  std::string Endpoint, AccessKeyId, SecretAccessKey, Region, Account;
  std::string CaBundle;  ///< whom TLS trusts: a file in PEM; "" = this machine's authorities
};
template <class V> void fields(V& v, CredentialsFile& c) {
  v("Endpoint", c.Endpoint, required);
  v("AccessKeyId", c.AccessKeyId, required);
  v("SecretAccessKey", c.SecretAccessKey, required);
  v("Region", c.Region, required);
  v("Account", c.Account, required);
  v("CaBundle", c.CaBundle);
}

}  // namespace trainyard::wire
