// The server over TLS.
#include "serve/tls.h"

#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "base/test_folder.h"
#include "serve/secret.h"
#include "serve/server_test.h"
#include "serve/test_client.h"

namespace malmoi::serve {
namespace {

template <typename Write>
std::string pem_of(Write write) {
  BIO* memory = BIO_new(BIO_s_mem());
  write(memory);
  char* data = nullptr;
  const long size = BIO_get_mem_data(memory, &data);
  std::string text(data, static_cast<size_t>(size));
  BIO_free(memory);
  return text;
}

// A certificate that signs itself, with its key.
struct TestCertificate {
  Path certificate, key;

  TestCertificate(const Path& folder, const std::string& name)
      : certificate(folder / (name + ".pem")), key(folder / (name + ".key")) {
    EVP_PKEY* pair = EVP_EC_gen("P-256");
    X509* x509 = X509_new();
    X509_set_version(x509, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(x509), 1);
    X509_gmtime_adj(X509_getm_notBefore(x509), -3600);
    X509_gmtime_adj(X509_getm_notAfter(x509), 3600);
    X509_set_pubkey(x509, pair);
    X509_NAME* subject = X509_get_subject_name(x509);
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>(name.c_str()), -1,
                               -1, 0);
    X509_set_issuer_name(x509, subject);
    X509_sign(x509, pair, EVP_sha256());
    EXPECT_TRUE(write_file(certificate, pem_of([&](BIO* out) { PEM_write_bio_X509(out, x509); })).ok());
    EXPECT_TRUE(write_file(key, pem_of([&](BIO* out) {
                             PEM_write_bio_PrivateKey(out, pair, nullptr, nullptr, 0, nullptr, nullptr);
                           }))
                    .ok());
    X509_free(x509);
    EVP_PKEY_free(pair);
  }
};

// A client of TLS over a socket that connects, asks and goes away.
class TlsClient {
 public:
  explicit TlsClient(uint16_t port, int version = TLS1_3_VERSION) : socket_(connect_to(port)) {
    EXPECT_GE(socket_, 0);
    context_ = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_security_level(context_, 0);
    SSL_CTX_set_min_proto_version(context_, version);
    SSL_CTX_set_max_proto_version(context_, version);
    ssl_ = SSL_new(context_);
    SSL_set_fd(ssl_, socket_);
    connected_ = SSL_connect(ssl_) == 1;
  }
  ~TlsClient() {
    close();
    SSL_free(ssl_);
    SSL_CTX_free(context_);
  }
  TlsClient(const TlsClient&) = delete;
  TlsClient& operator=(const TlsClient&) = delete;

  bool connected() const { return connected_; }
  void close() {
    if (socket_ >= 0) ::close(socket_);
    socket_ = -1;
  }
  std::string server_name() const {
    X509* certificate = SSL_get1_peer_certificate(ssl_);
    if (!certificate) return "";
    char name[64] = "";
    X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, name, sizeof name);
    X509_free(certificate);
    return name;
  }
  void send(const std::string& text) { SSL_write(ssl_, text.data(), static_cast<int>(text.size())); }
  // Until `text` was read, or the connection ends.
  std::string read_until(const std::string& text) {
    while (buffer_.find(text) == buffer_.npos) {
      char chunk[4096];
      const int size = SSL_read(ssl_, chunk, sizeof chunk);
      if (size <= 0) break;
      buffer_.append(chunk, static_cast<size_t>(size));
    }
    return buffer_;
  }
  // Whether the server has said that nothing more comes, rather than only closing.
  bool ended_whole() {
    char chunk[4096];
    int size = 1;
    while (size > 0) size = SSL_read(ssl_, chunk, sizeof chunk);
    return size == 0 && SSL_get_error(ssl_, size) == SSL_ERROR_ZERO_RETURN;
  }

 private:
  int socket_;
  SSL_CTX* context_;
  SSL* ssl_;
  bool connected_ = false;
  std::string buffer_;
};

class TlsTest : public ServerTest {
 protected:
  void start_secure(ServerOptions options = {}) {
    options.tls_certificate = first_.certificate.string();
    options.tls_key = first_.key.string();
    start(std::move(options));
  }
  Path folder_ = test_folder("tls");
  TestCertificate first_{folder_, "first"}, second_{folder_, "second"};
};

TEST_F(TlsTest, AnswersWholeAndStreamed) {
  start_secure();
  for (int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    TlsClient client(server_->port(), version);
    ASSERT_TRUE(client.connected()) << version;
    client.send(get_text("/health"));
    EXPECT_NE(client.read_until("}").find("HTTP/1.1 200"), std::string::npos);
    client.send(post_text("/v1/completions", R"({"prompt":"a","max_tokens":30,"ignore_eos":true,"stream":true})",
                          "Connection: close\r\n"));
    EXPECT_NE(client.read_until("[DONE]").find("[DONE]"), std::string::npos);
    EXPECT_TRUE(client.ended_whole()) << version;
  }
}

TEST_F(TlsTest, OlderVersionsAndPlainRequestsGetNothing) {
  start_secure();
  EXPECT_FALSE(TlsClient(server_->port(), TLS1_1_VERSION).connected());
  TestClient plain(server_->port());
  plain.send(get_text("/health"));
  EXPECT_EQ(plain.read().status, 0);
  TlsClient after(server_->port());
  after.send(get_text("/health"));
  EXPECT_NE(after.read_until("}").find("200"), std::string::npos) << "others are served on";
}

TEST_F(TlsTest, AHandshakeHasItsTime) {
  start_secure({.header_seconds = 0.2});
  TestClient silent(server_->port());
  EXPECT_TRUE(silent.at_end());
}

TEST_F(TlsTest, AClientThatLeavesIsSeen) {
  start_secure();
  for (const char* stream : {"true", "false"}) {
    TlsClient client(server_->port());
    client.send(post_text("/v1/completions", R"({"prompt":"a","max_tokens":90000,"ignore_eos":true,"stream":)" +
                                                 std::string(stream) + "}"));
    while (engine_->stats().running == 0) std::this_thread::yield();
    client.close();
    EXPECT_TRUE(idle(2)) << stream;
    EXPECT_TRUE(idle());
  }
}

// Of a body that nobody wants its answer does not wait, and it is told to be whole nevertheless.
TEST_F(TlsTest, ARefusedClientKnowsItsAnswerForWhole) {
  ServerOptions options;
  options.api_keys = {"secret"};
  start_secure(options);
  for (int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    TlsClient client(server_->port(), version);
    client.send(post_text("/v1/completions", std::string(100000, ' ')));
    EXPECT_NE(client.read_until("invalid_api_key").find("HTTP/1.1 401"), std::string::npos);
    EXPECT_TRUE(client.ended_whole()) << version;
  }
}

// What a client sends early says nothing of its leaving, and no probe may break into the stream of records.
TEST_F(TlsTest, AnEarlyRequestIsAnsweredInItsTurn) {
  start_secure();
  TlsClient client(server_->port());
  client.send(
      post_text("/v1/completions", R"({"prompt":"a","max_tokens":)" + kLastingTokens + R"(,"ignore_eos":true})"));
  while (engine_->stats().running == 0) std::this_thread::yield();
  client.send(get_text("/readyz"));
  const std::string all = client.read_until("\"ok\"");
  EXPECT_NE(all.find("\"completion_tokens\":" + kLastingTokens), std::string::npos);
  EXPECT_NE(all.find("{\"status\":\"ok\"}"), std::string::npos);
}

TEST_F(TlsTest, NewFilesAreForNewConnections) {
  ServerOptions options;
  options.tls_certificate = (folder_ / "used.pem").string();
  options.tls_key = (folder_ / "used.key").string();
  auto use = [&](const TestCertificate& made) {
    ASSERT_TRUE(write_file(options.tls_certificate, *read_file(made.certificate)).ok());
    ASSERT_TRUE(write_file(options.tls_key, *read_file(made.key)).ok());
  };
  use(first_);
  start(options);
  TlsClient before(server_->port());
  EXPECT_EQ(before.server_name(), "first");
  ASSERT_TRUE(write_file(options.tls_certificate, *read_file(second_.certificate)).ok());
  EXPECT_FALSE(server_->reload_tls().ok()) << "half of a change is none";
  EXPECT_EQ(TlsClient(server_->port()).server_name(), "first");
  use(second_);
  EXPECT_TRUE(server_->reload_tls().ok());
  EXPECT_EQ(TlsClient(server_->port()).server_name(), "second");
  before.send(get_text("/health"));
  EXPECT_NE(before.read_until("}").find("200"), std::string::npos);
}

TEST_F(TlsTest, ItsCookiesAreSecure) {
  ApiKey key{.name = "page", .digest = sha256("secret")};
  key.scopes = Scopes::of_clients();
  ServerOptions options;
  options.keys = {key};
  start_secure(options);
  TlsClient client(server_->port());
  client.send(post_text("/login", R"({"key":"secret"})"));
  const std::string answer = client.read_until("csrf");
  EXPECT_NE(answer.find("Set-Cookie: __Host-malmoi-session="), std::string::npos) << answer;
  EXPECT_NE(answer.find("; Secure"), std::string::npos) << answer;
}

TEST(TlsFiles, WhatIsWrongIsSaid) {
  const Path folder = test_folder("tls_files");
  const TestCertificate one(folder, "one"), other(folder, "other");
  const std::string junk = (folder / "junk").string();
  ASSERT_TRUE(write_file(junk, "junk").ok());
  EXPECT_TRUE(load_tls(one.certificate.string(), one.key.string()).ok());
  auto says = [](const Result<TlsContext>& loaded, const std::string& what) {
    ASSERT_FALSE(loaded.ok()) << what;
    EXPECT_NE(loaded.error().to_string().find(what), std::string::npos) << loaded.error().to_string();
    EXPECT_FALSE(loaded.error().remedy.empty()) << what;
  };
  says(load_tls(one.certificate.string(), other.key.string()), "not the one of the certificate");
  says(load_tls(junk, one.key.string()), "is no certificate");
  says(load_tls(one.certificate.string(), junk), "is no key");
  ASSERT_TRUE(write_file(junk, "-----BEGIN ENCRYPTED PRIVATE KEY-----\n").ok());
  says(load_tls(one.certificate.string(), junk), "passphrase");
  EXPECT_FALSE(load_tls((folder / "missing").string(), one.key.string()).ok());
  EXPECT_TRUE(load_tls(one.certificate.string(), one.key.string()).ok()) << "an error leaves nothing behind";
}

}  // namespace
}  // namespace malmoi::serve
