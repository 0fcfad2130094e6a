#include "quell_onnx.h"

#include <cstdio>
#include <exception>
#include <limits>

#include <onnx/checker.h>
#include <onnx/defs/schema.h>
#include <onnx/onnx_pb.h>

namespace {

// The newest representation that libonnx 1.12 accepts. Later ones add element types and metadata, which the importer
// judges itself.
constexpr int64_t newest_representation = 8;

int fail(char *message, size_t capacity, const char *text) {
  std::snprintf(message, capacity, "%s", text);
  return 1;
}

} // namespace

int64_t quell_onnx_newest_opset(void) {
  try {
    return onnx::OpSchemaRegistry::DomainToVersionRange::Instance().Map().at("").second;
  } catch (...) {
    return 0;
  }
}

int quell_onnx_check(const void *bytes, size_t count, char *message, size_t capacity) {
  try {
    onnx::ModelProto model;
    if (count > static_cast<size_t>(std::numeric_limits<int>::max()) ||
        !model.ParseFromArray(bytes, static_cast<int>(count))) {
      return fail(message, capacity, "not a ModelProto");
    }
    if (model.ir_version() > newest_representation) {
      model.set_ir_version(newest_representation);
    }
    onnx::checker::check_model(model);
    return 0;
  } catch (const std::exception &error) {
    return fail(message, capacity, error.what());
  } catch (...) {
    return fail(message, capacity, "unknown failure");
  }
}
