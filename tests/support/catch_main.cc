// SPDX-License-Identifier: MIT
//
// The one place where Catch2 makes its main(); every test binary links it.
#define CATCH_CONFIG_MAIN
#include <catch2/catch.hpp>
