// SPDX-License-Identifier: MIT
//
// Socket addresses as text, as CLIENT LIST and the log show them.
#pragma once

#include <uv.h>

#include <string>

namespace sluice::net {

// Of family AF_UNSPEC if the system does not tell.
sockaddr_storage peer_address(const uv_tcp_t* socket);
sockaddr_storage local_address(const uv_tcp_t* socket);

// "127.0.0.1:6379", "[::1]:6379"; "?:0" if unknown.
std::string address_text(const sockaddr_storage& address);
// "/path/of/socket:0"
std::string unix_address_text(const uv_pipe_t* socket);
// 127.0.0.0/8, ::1, and the former written as the latter.
bool is_loopback(const sockaddr_storage& address);

}  // namespace sluice::net
