// SPDX-License-Identifier: MIT
#include "engine/base/error.h"

#include "engine/base/check.h"

namespace sluice {

std::string_view error_text(Error error) {
  switch (error) {
#define X(name, text) \
  case Error::name:   \
    return text;
    SLUICE_ERRORS(X)
#undef X
  }
  CHECK(false);
}

}  // namespace sluice
