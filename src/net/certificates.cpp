#include "net/certificates.hpp"

#include "base/encoding.hpp"
#include "base/hash.hpp"
#include "base/id.hpp"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <arpa/inet.h>
#include <cctype>
#include <memory>

namespace trainyard::net {
namespace {

constexpr auto authority_life = std::chrono::days(365 * 20),
               server_life = std::chrono::days(365 * 5);
constexpr auto clock_slack = std::chrono::days(1);  // a client's clock may be behind

template <class T, void (*free)(T*)> struct Freed {
  void operator()(T* p) const { free(p); }
};
using Key = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY, ::EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Freed<X509, ::X509_free>>;
using Memory = std::unique_ptr<BIO, Freed<BIO, ::BIO_free_all>>;

Failure failed(std::string_view doing) {
  const char* reason = ::ERR_reason_error_string(::ERR_peek_last_error());
  ::ERR_clear_error();
  return fail_internal(std::string(doing) + ": " + (reason ? reason : "OpenSSL refused"));
}

Memory memory_of(std::string_view text) {
  return Memory(::BIO_new_mem_buf(text.data(), int(text.size())));
}

std::string text_of(BIO* memory) {
  char* data = nullptr;
  const long size = ::BIO_get_mem_data(memory, &data);
  return size > 0 ? std::string(data, std::size_t(size)) : std::string();
}

Result<std::string> pem_of(X509* certificate) {
  const Memory out(::BIO_new(::BIO_s_mem()));
  if (!out || ::PEM_write_bio_X509(out.get(), certificate) != 1)
    return failed("write a certificate");
  return text_of(out.get());
}

Result<std::string> pem_of(EVP_PKEY* key) {
  const Memory out(::BIO_new(::BIO_s_mem()));
  if (!out ||
      ::PEM_write_bio_PKCS8PrivateKey(out.get(), key, nullptr, nullptr, 0, nullptr, nullptr) != 1)
    return failed("write a key");
  return text_of(out.get());
}

Result<Certificate> read_certificate(std::string_view pem) {
  Certificate out(::PEM_read_bio_X509(memory_of(pem).get(), nullptr, nullptr, nullptr));
  if (!out) return failed("read a certificate");
  return out;
}

Result<Key> read_key(std::string_view pem) {
  Key out(::PEM_read_bio_PrivateKey(memory_of(pem).get(), nullptr, nullptr, nullptr));
  if (!out) return failed("read a certificate's key");
  return out;
}

struct Extension {
  int nid;
  std::string text;
};

struct Wanted {
  std::string common_name;
  std::chrono::days life{};
  X509* issuer = nullptr;  // itself, where null
  std::vector<Extension> extensions;
};

bool add_extensions(X509* certificate, X509* issuer, const std::vector<Extension>& extensions) {
  X509V3_CTX context;
  ::X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  for (const auto& [nid, text] : extensions) {
    X509_EXTENSION* extension = ::X509V3_EXT_conf_nid(nullptr, &context, nid, text.c_str());
    const bool added = extension && ::X509_add_ext(certificate, extension, -1) == 1;
    ::X509_EXTENSION_free(extension);
    if (!added) return false;
  }
  return true;
}

bool set_serial(X509* certificate) {
  const auto digits = random_hex(16);  // of bytes; RFC 5280 allows 20
  BIGNUM* number = nullptr;
  if (::BN_hex2bn(&number, digits.c_str()) == 0) return false;
  const bool set = ::BN_to_ASN1_INTEGER(number, ::X509_get_serialNumber(certificate)) != nullptr;
  ::BN_free(number);
  return set;
}

std::time_t seconds_of(Time time) {
  return std::time_t(to_ms(time) / 1000);
}

Result<Certificate> make(const Wanted& wanted, EVP_PKEY* key, EVP_PKEY* signing, Time now) {
  Certificate out(::X509_new());
  X509* x = out.get();
  if (!x || ::X509_set_version(x, X509_VERSION_3) != 1 || !set_serial(x))
    return failed("make a certificate");
  ::ASN1_TIME_set(::X509_getm_notBefore(x), seconds_of(now - clock_slack));
  ::ASN1_TIME_set(::X509_getm_notAfter(x), seconds_of(now + wanted.life));
  const auto* name = reinterpret_cast<const unsigned char*>(wanted.common_name.c_str());
  X509* issuer = wanted.issuer ? wanted.issuer : x;
  const bool made = ::X509_NAME_add_entry_by_txt(::X509_get_subject_name(x), "CN", MBSTRING_UTF8,
                                                 name, -1, -1, 0) == 1 &&
                    ::X509_set_issuer_name(x, ::X509_get_subject_name(issuer)) == 1 &&
                    ::X509_set_pubkey(x, key) == 1 &&
                    add_extensions(x, issuer, wanted.extensions) &&
                    ::X509_sign(x, signing, ::EVP_sha256()) > 0;
  if (!made) return failed("make a certificate");
  return out;
}

Result<Key> make_key() {
  Key out(::EVP_EC_gen("P-256"));
  if (!out) return failed("make a key");
  return out;
}

// "DNS:gpu.example.org,IP:10.0.0.5"
std::string alternatives(const std::vector<std::string>& names) {
  std::string out;
  for (const auto& name : names) {
    in_addr four{};
    const bool is_address = ::inet_pton(AF_INET, name.c_str(), &four) == 1;
    out += (out.empty() ? "" : ",") + std::string(is_address ? "IP:" : "DNS:") + name;
  }
  return out;
}

}  // namespace

Result<Authority> make_authority(Time now) {
  const auto key = TRY(make_key());
  const Wanted wanted{"Trainyard " + random_hex(4),
                      authority_life,
                      nullptr,
                      {{NID_basic_constraints, "critical,CA:TRUE,pathlen:0"},
                       {NID_key_usage, "critical,keyCertSign,cRLSign"},
                       {NID_subject_key_identifier, "hash"}}};
  const auto certificate = TRY(make(wanted, key.get(), key.get(), now));
  return Authority{TRY(pem_of(certificate.get())), TRY(pem_of(key.get()))};
}

Result<TlsIdentity> issue(const Authority& authority, const std::vector<std::string>& names,
                          Time now) {
  const auto signer = TRY(read_certificate(authority.certificate));
  const auto signing = TRY(read_key(authority.key));
  const auto key = TRY(make_key());
  const Wanted wanted{"Trainyard service",
                      server_life,
                      signer.get(),
                      {{NID_basic_constraints, "critical,CA:FALSE"},
                       {NID_key_usage, "critical,digitalSignature"},
                       {NID_ext_key_usage, "serverAuth"},
                       {NID_subject_key_identifier, "hash"},
                       {NID_authority_key_identifier, "keyid:always"},
                       {NID_subject_alt_name, alternatives(names)}}};
  const auto certificate = TRY(make(wanted, key.get(), signing.get(), now));
  return TlsIdentity{TRY(pem_of(certificate.get())) + authority.certificate,
                     TRY(pem_of(key.get()))};
}

Result<std::string> fingerprint(std::string_view pem) {
  const auto certificate = TRY(read_certificate(pem));
  unsigned char* der = nullptr;
  const int size = ::i2d_X509(certificate.get(), &der);
  if (size <= 0) return failed("read a certificate");
  const std::string bytes(reinterpret_cast<const char*>(der), std::size_t(size));
  ::OPENSSL_free(der);
  return sha256_hex(bytes);
}

std::string read_fingerprint(std::string_view text) {
  std::string out;
  for (const char c : text)
    if (c != ':') out += char(std::tolower(static_cast<unsigned char>(c)));
  const bool is_one = out.size() == 64 && out.find_first_not_of("0123456789abcdef") == out.npos;
  return is_one ? out : "";
}

}  // namespace trainyard::net
