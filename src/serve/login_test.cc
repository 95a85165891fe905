// Browsers that log in: a cookie in the place of a key, and what must stand beside it.
#include "serve/authorise.h"
#include "serve/secret.h"
#include "serve/server_test.h"

namespace malmoi::serve {
namespace {

ApiKey page_key() {
  ApiKey key{.name = "page", .digest = sha256("secret")};
  key.scopes = Scopes::of_clients();
  return key;
}

class LoginTest : public ServerTest {
 protected:
  void SetUp() override {
    ServerOptions options;
    options.keys = {page_key()};
    start(options);
  }
  // Logs in; gives the fields of a request of this browser, with the token or without.
  std::string log_in(bool with_token) {
    const TestResponse response = post("/login", R"({"key":"secret"})");
    EXPECT_EQ(response.status, 200) << response.body;
    const std::string cookie = response.field("Set-Cookie");
    std::string fields = "Cookie: theme=dark; " + cookie.substr(0, cookie.find(';')) + "\r\n";
    if (with_token) fields += "X-Malmoi-CSRF: " + response.json()["csrf"].get<std::string>() + "\r\n";
    return fields;
  }
};

constexpr const char* kBody = R"({"prompt":"a","max_tokens":1})";

TEST_F(LoginTest, ACookieStandsForTheKey) {
  const TestResponse response = post("/login", R"({"key":"secret"})");
  ASSERT_EQ(response.status, 200) << response.body;
  EXPECT_EQ(response.json()["name"], "page");
  const std::string cookie = response.field("Set-Cookie");
  EXPECT_TRUE(cookie.starts_with("malmoi-session=")) << cookie;
  for (const char* part : {"; HttpOnly", "; SameSite=Strict", "; Path=/", "; Max-Age=43200"})
    EXPECT_NE(cookie.find(part), std::string::npos) << cookie;
  EXPECT_EQ(cookie.find("Secure"), std::string::npos) << "browsers would not send it back without TLS";
  EXPECT_EQ(cookie.find("secret"), std::string::npos);

  const std::string fields = log_in(true);
  EXPECT_EQ(get("/v1/models", fields).status, 200);
  EXPECT_EQ(post("/v1/completions", kBody, fields).status, 200);
  expect_error(get("/metrics", fields), 403, "insufficient_scope");
}

TEST_F(LoginTest, WhatChangesSomethingNeedsTheToken) {
  const std::string fields = log_in(false);
  EXPECT_EQ(get("/v1/models", fields).status, 200);
  expect_error(post("/v1/completions", kBody, fields), 403, "csrf_token_missing");
  expect_error(post("/v1/completions", kBody, fields + "X-Malmoi-CSRF: guess\r\n"), 403, "csrf_token_missing");
  expect_error(post("/logout", "{}", fields), 403, "csrf_token_missing");
  // The token of another session is none of this one.
  const std::string other = log_in(true);
  const std::string token = other.substr(other.find("X-Malmoi-CSRF"));
  expect_error(post("/v1/completions", kBody, fields + token), 403, "csrf_token_missing");
  // A key needs no token: no page can make a browser send one.
  EXPECT_EQ(post("/v1/completions", kBody, fields + "Authorization: Bearer secret\r\n").status, 200);
}

TEST_F(LoginTest, TheSessionTellsItsToken) {
  EXPECT_EQ(get("/session").json(), Json({{"key_needed", true}, {"name", nullptr}, {"csrf", nullptr}}));
  const std::string fields = log_in(true);
  const Json told = get("/session", fields).json();
  EXPECT_EQ(told["name"], "page");
  EXPECT_NE(fields.find("X-Malmoi-CSRF: " + told["csrf"].get<std::string>()), std::string::npos);
}

TEST_F(LoginTest, LoggingOutEndsIt) {
  const std::string fields = log_in(true);
  const TestResponse gone = post("/logout", "{}", fields);
  EXPECT_EQ(gone.status, 204);
  EXPECT_NE(gone.field("Set-Cookie").find("Max-Age=0"), std::string::npos);
  EXPECT_EQ(get("/v1/models", fields).status, 401);
  EXPECT_EQ(post("/logout", "{}").status, 204);
}

TEST_F(LoginTest, AKeyThatIsGoneTakesItsSessionsAlong) {
  const std::string fields = log_in(true);
  ApiKey ended = page_key();
  ended.expires = 1;
  server_->set_keys({ended});
  EXPECT_EQ(get("/v1/models", fields).status, 401);
  server_->set_keys({page_key()});
  EXPECT_EQ(get("/v1/models", fields).status, 200);
  server_->set_keys({});
  EXPECT_EQ(get("/v1/models", fields).status, 401);
  EXPECT_EQ(get("/session", fields).json()["csrf"], nullptr);
}

TEST_F(LoginTest, WrongLoginsAreRefused) {
  expect_error(post("/login", R"({"key":"guess"})"), 401, "invalid_api_key");
  expect_error(post("/login", R"({"key":7})"), 400, "", "key");
  expect_error(post("/login", "{}"), 400, "", "key");
  EXPECT_EQ(post("/login", "{").status, 400);
  expect_error(post("/login", R"({"key":")" + std::string(5000, 'a') + "\"}"), 413, "body_too_large");
  EXPECT_EQ(
      send("POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\n{}").status,
      415)
      << "pages of other sites can send text";
}

// Nobody has shown a key yet: what such a body may fill of the memory is bounded apart from --max-body.
TEST_F(LoginTest, LargeBodiesAreRefusedBeforeTheyCome) {
  const std::string head = "POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n";
  expect_error(send(head + "Content-Length: 8000000\r\n\r\n"), 413, "body_too_large");
  expect_error(send(head + "Content-Length: 8000000\r\nExpect: 100-continue\r\n\r\n"), 413, "body_too_large");
  expect_error(send(head + "Transfer-Encoding: chunked\r\n\r\n7a1200\r\n"), 413, "body_too_large");
  EXPECT_EQ(send(head + "Content-Length: 16\r\n\r\n{\"key\":\"secret\"}").status, 200);
}

TEST_F(ServerTest, WithoutKeysThereIsNothingToLogInTo) {
  start();
  EXPECT_EQ(get("/session").json()["key_needed"], false);
  expect_error(post("/login", R"({"key":"a"})"), 400, "no_key_needed");
}

TEST(Cookies, AreFoundAmongOthers) {
  ServerOptions options;
  HttpRequest request;
  auto found = [&](const char* field) {
    request.set(http::field::cookie, field);
    return std::string(cookie_of(options, request));
  };
  EXPECT_EQ(found("malmoi-session=abc"), "abc");
  EXPECT_EQ(found("a=b;malmoi-session=abc ; c"), "abc");
  for (const char* none :
       {"", ";", ";;", "malmoi-session", "malmoi-session-x=abc", "xmalmoi-session=abc", "a=malmoi-session=abc"})
    EXPECT_EQ(found(none), "") << none;
  options.tls_certificate = "file";
  EXPECT_EQ(found("malmoi-session=abc"), "");
  EXPECT_EQ(found("__Host-malmoi-session=abc"), "abc");
}

}  // namespace
}  // namespace malmoi::serve
