// SPDX-License-Identifier: MIT
#include "persistence/io.h"

#include <system_error>

namespace sluice {

std::string IoError::text() const {
  return std::generic_category().message(code);
}

}  // namespace sluice
