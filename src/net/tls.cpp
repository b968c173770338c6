#include "net/tls.hpp"

#include "net/wait.hpp"

#include <climits>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <map>
#include <mutex>
#include <poll.h>

namespace trainyard::net {
namespace {

using Context = std::shared_ptr<SSL_CTX>;

std::string last_reason() {
  const unsigned long error = ::ERR_peek_last_error();
  const char* reason = error == 0 ? nullptr : ::ERR_reason_error_string(error);
  return reason ? reason : "the connection broke";
}

Result<Context> make_context(const std::string& ca_bundle) {
  Context out(::SSL_CTX_new(::TLS_client_method()), ::SSL_CTX_free);
  if (!out) return fail_internal("prepare TLS: " + last_reason());
  ::SSL_CTX_set_verify(out.get(), SSL_VERIFY_PEER, nullptr);
  ::SSL_CTX_set_min_proto_version(out.get(), TLS1_2_VERSION);
  ::SSL_CTX_set_mode(out.get(),
                     SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  // S3 closes without TLS's own farewell; lengths tell whether an answer is whole.
  ::SSL_CTX_set_options(out.get(), SSL_OP_IGNORE_UNEXPECTED_EOF);
  const int loaded = ca_bundle.empty()
                         ? ::SSL_CTX_set_default_verify_paths(out.get())
                         : ::SSL_CTX_load_verify_locations(out.get(), ca_bundle.c_str(), nullptr);
  if (loaded == 1) return out;
  return fail(ErrorKind::invalid, "InvalidArgument",
              "read the certificates of " + ca_bundle + ": " + last_reason());
}

// Reading the machine's authorities takes longer than a handshake: once a process and bundle.
Result<Context> context_for(const std::string& ca_bundle) {
  static std::mutex mutex;
  static std::map<std::string, Context> made;
  const std::lock_guard lock(mutex);
  Context& known = made[ca_bundle];
  if (!known) known = TRY(make_context(ca_bundle));
  return known;
}

}  // namespace

struct Tls::Session {
  Context context;
  std::unique_ptr<SSL, decltype(&::SSL_free)> ssl{nullptr, ::SSL_free};
  int fd = -1;
  Wait wait{};

  /// Calls until it is done with, waiting for the peer in between. What it returned; 0 at the end.
  template <class Call> Result<int> run(const char* doing, Call call) {
    for (;;) {
      ::ERR_clear_error();
      const int n = call(ssl.get());
      if (n > 0) return n;
      switch (::SSL_get_error(ssl.get(), n)) {
      case SSL_ERROR_WANT_READ:
        TRY(wait_for(fd, POLLIN, wait, doing));
        break;
      case SSL_ERROR_WANT_WRITE:
        TRY(wait_for(fd, POLLOUT, wait, doing));
        break;
      case SSL_ERROR_ZERO_RETURN:
        return 0;
      default:
        return fail(ErrorKind::unavailable, "ServiceUnavailable",
                    std::string(doing) + ": " + last_reason());
      }
    }
  }
};

Tls::Tls(std::unique_ptr<Session> session) : session_(std::move(session)) {}
Tls::~Tls() = default;

Result<std::unique_ptr<Tls>> Tls::connect(int fd, const std::string& host,
                                          const std::string& ca_bundle, Wait wait) {
  auto session = std::make_unique<Session>();
  session->context = TRY(context_for(ca_bundle));
  session->ssl.reset(::SSL_new(session->context.get()));
  session->fd = fd;
  session->wait = wait;
  SSL* ssl = session->ssl.get();
  if (!ssl || ::SSL_set_fd(ssl, fd) != 1 || ::SSL_set_tlsext_host_name(ssl, host.c_str()) != 1)
    return fail_internal("prepare TLS with " + host + ": " + last_reason());
  const bool is_address = ::X509_VERIFY_PARAM_set1_ip_asc(::SSL_get0_param(ssl), host.c_str()) == 1;
  if (!is_address && ::SSL_set1_host(ssl, host.c_str()) != 1)
    return fail_internal("prepare TLS with " + host + ": " + last_reason());
  const auto shaken = session->run("begin TLS", ::SSL_connect);
  if (const long verified = ::SSL_get_verify_result(ssl); verified != X509_V_OK)
    return fail(ErrorKind::denied, "UntrustedCertificate",
                "the certificate of " + host + " is not trusted (" +
                    ::X509_verify_cert_error_string(verified) +
                    "): name the authority's file by ca_bundle");
  TRY(shaken);
  return std::unique_ptr<Tls>(new Tls(std::move(session)));
}

Result<std::vector<std::string>> Tls::shown(int fd, const std::string& host, Wait wait) {
  Session session;
  session.context.reset(::SSL_CTX_new(::TLS_client_method()), ::SSL_CTX_free);
  session.ssl.reset(session.context ? ::SSL_new(session.context.get()) : nullptr);
  session.fd = fd;
  session.wait = wait;
  SSL* ssl = session.ssl.get();
  if (!ssl || ::SSL_set_fd(ssl, fd) != 1 || ::SSL_set_tlsext_host_name(ssl, host.c_str()) != 1)
    return fail_internal("prepare TLS with " + host + ": " + last_reason());
  ::SSL_set_verify(ssl, SSL_VERIFY_NONE, nullptr);
  TRY(session.run("begin TLS", ::SSL_connect));
  std::vector<std::string> out;
  const STACK_OF(X509)* chain = ::SSL_get_peer_cert_chain(ssl);
  for (int i = 0; i < sk_X509_num(chain); ++i) {
    const std::unique_ptr<BIO, decltype(&::BIO_free_all)> memory(::BIO_new(::BIO_s_mem()),
                                                                 ::BIO_free_all);
    char* text = nullptr;
    if (!memory || ::PEM_write_bio_X509(memory.get(), sk_X509_value(chain, i)) != 1)
      return fail_internal("read the certificates of " + host + ": " + last_reason());
    const long size = ::BIO_get_mem_data(memory.get(), &text);
    out.emplace_back(text, std::size_t(size));
  }
  return out;
}

Result<std::size_t> Tls::read(std::span<char> out) {
  const int size = int(std::min<std::size_t>(out.size(), INT_MAX));
  return std::size_t(TRY(session_->run(
      "read the answer", [&](SSL* ssl) { return ::SSL_read(ssl, out.data(), size); })));
}

Result<> Tls::write(std::string_view bytes) {
  while (!bytes.empty()) {
    const int size = int(std::min<std::size_t>(bytes.size(), INT_MAX));
    const int n = TRY(session_->run(
        "send the request", [&](SSL* ssl) { return ::SSL_write(ssl, bytes.data(), size); }));
    if (n == 0)
      return fail(ErrorKind::unavailable, "ServiceUnavailable",
                  "send the request: the peer closed the connection");
    bytes.remove_prefix(std::size_t(n));
  }
  return {};
}

}  // namespace trainyard::net
