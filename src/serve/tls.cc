#include "serve/tls.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include "base/file.h"

namespace malmoi::serve {
namespace {

namespace ssl = boost::asio::ssl;

constexpr uint64_t kMostFileBytes = 1 << 20;

Error tls_error(std::string what, const std::string& file, boost::system::error_code error, std::string remedy) {
  return invalid_data(std::move(what) + (error ? " (" + error.message() + ")" : ""), file, std::move(remedy));
}

bool needs_passphrase(const std::string& pem) {
  return pem.find("ENCRYPTED") != pem.npos;  // in the first line of PKCS #8, or in the field Proc-Type
}

}  // namespace

Result<TlsContext> load_tls(const std::string& certificate, const std::string& key) {
  MALMOI_ASSIGN(const std::string chain, read_file(certificate, kMostFileBytes));
  MALMOI_ASSIGN(const std::string secret, read_file(key, kMostFileBytes));
  if (needs_passphrase(secret))
    return invalid_data("the key needs a passphrase, which nobody can type here", key,
                        "write it without one: openssl pkey -in KEY -out PLAIN");
  boost::system::error_code error;
  auto context = std::make_shared<ssl::context>(ssl::context::tls_server);
  SSL_CTX_set_min_proto_version(context->native_handle(), TLS1_2_VERSION);
  SSL_CTX_set_options(context->native_handle(), SSL_OP_NO_RENEGOTIATION);
  context->use_certificate_chain(boost::asio::buffer(chain), error);
  if (error)
    return tls_error("is no certificate that can be used", certificate, error,
                     "give a PEM file: the server's certificate, then those that signed it");
  context->use_private_key(boost::asio::buffer(secret), ssl::context::pem, error);
  if (error) {
    const bool other = ERR_GET_REASON(static_cast<unsigned long>(error.value())) == X509_R_KEY_VALUES_MISMATCH;
    return other ? invalid_data("the key is not the one of the certificate " + certificate, key,
                                "give the key that the certificate was made for")
                 : tls_error("is no key that can be used", key, error, "give a PEM file of the certificate's key");
  }
  if (SSL_CTX_check_private_key(context->native_handle()) != 1) {
    ERR_clear_error();
    return invalid_data("the key is not the one of the certificate " + certificate, key,
                        "give the key that the certificate was made for");
  }
  return context;
}

}  // namespace malmoi::serve
