/* The stand-in that a test talks to, as the test script tells of it in the environment. */
#ifndef STANDIN_HPP
#define STANDIN_HPP

#include <arpa/inet.h>
#include <chrono>
#include <cstdlib>
#include <netinet/in.h>
#include <string>
#include <sys/socket.h>
#include <tigergraph_auth.hpp>
#include <unistd.h>

inline const char *environment(const char *name) {
    const char *value = std::getenv(name);
    return value == nullptr ? "" : value;
}

inline std::string standin_url() { return environment("STANDIN_URL"); }
/* From 4.1 on tokens are JWTs, which cannot be refreshed, and secrets are shown in plain text. */
inline bool standin_is_4_1_or_later() { return std::string(environment("STANDIN_VERSION")) != "3.10"; }

/* Settings for alice on MyGraph. */
inline tigergraph::auth::Config standin_config() {
    tigergraph::auth::Config config(standin_url());
    config.set_password("alice", "opensesame").set_graph("MyGraph").set_timeout(std::chrono::seconds(20));
    if (*environment("STANDIN_CA") != '\0') config.set_ca_file(environment("STANDIN_CA"));
    return config;
}

inline sockaddr_in loopback(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    return address;
}

/* Steers the stand-in by its control listener. Whether it obeyed. */
inline bool steer(const std::string &method, const std::string &path, const std::string &body = "{}") {
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    const sockaddr_in address = loopback(static_cast<std::uint16_t>(std::atoi(environment("STANDIN_CONTROL_PORT"))));
    std::string answer;
    if (connect(fd, reinterpret_cast<const sockaddr *>(&address), sizeof address) == 0) {
        const std::string request = method + " " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" +
                                    "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
        if (send(fd, request.data(), request.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(request.size())) {
            char bytes[1024];
            for (ssize_t got; (got = recv(fd, bytes, sizeof bytes, 0)) > 0;)
                answer.append(bytes, static_cast<std::size_t>(got));
        }
    }
    close(fd);
    return answer.rfind("HTTP/1.1 200", 0) == 0;
}

/* A listener on loopback that never says anything; connections wait in its queue. */
class SilentListener {
  public:
    SilentListener() : fd_(socket(AF_INET, SOCK_STREAM, 0)) {
        sockaddr_in address = loopback(0);
        socklen_t length = sizeof address;
        if (bind(fd_, reinterpret_cast<sockaddr *>(&address), length) != 0 || listen(fd_, 16) != 0) std::abort();
        if (getsockname(fd_, reinterpret_cast<sockaddr *>(&address), &length) != 0) std::abort();
        port_ = ntohs(address.sin_port);
    }
    SilentListener(const SilentListener &) = delete;
    SilentListener &operator=(const SilentListener &) = delete;
    ~SilentListener() { close(fd_); }

    std::string url() const { return "https://127.0.0.1:" + std::to_string(port_); }

  private:
    int fd_;
    std::uint16_t port_ = 0;
};

#endif
