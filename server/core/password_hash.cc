// SPDX-License-Identifier: MIT
#include "server/core/password_hash.h"

#include <openssl/crypto.h>
#include <openssl/sha.h>

#include <algorithm>

#include "engine/base/check.h"

namespace sluice::core {

std::string password_hash(std::string_view password) {
  static_assert(2 * SHA256_DIGEST_LENGTH == kPasswordHashChars);
  constexpr std::string_view kDigits = "0123456789abcdef";
  unsigned char digest[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(password.data()), password.size(), digest);
  std::string text;
  text.reserve(kPasswordHashChars);
  for (const unsigned char byte : digest) {
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

bool is_password_hash(std::string_view text) {
  return text.size() == kPasswordHashChars && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

bool hashes_equal(std::string_view a, std::string_view b) {
  CHECK(a.size() == kPasswordHashChars && b.size() == kPasswordHashChars);
  return CRYPTO_memcmp(a.data(), b.data(), kPasswordHashChars) == 0;
}

}  // namespace sluice::core
