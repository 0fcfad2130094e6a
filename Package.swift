// swift-tools-version:6.2
import PackageDescription

let package = Package(
  name: "quell",
  products: [
    // MARK: For Swift hosts
    .library(name: "Quell", targets: ["Quell"]),
    .library(name: "QuellImport", targets: ["QuellImport"]),
    .library(name: "QuellCalibration", targets: ["QuellCalibration"]),

    // MARK: For other languages: what `make import-library` links libquell_import.so of
    .library(name: "QuellImportLibrary", type: .static, targets: ["QuellImportLibrary"]),

    // MARK: The command
    .executable(name: "quell", targets: ["QuellTool"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.5.0")
  ],
  targets: [
    // MARK: The runtime: libc alone, ordinary and Embedded Swift from the same sources
    .target(name: "CQuell"),
    .target(name: "Quell", dependencies: ["CQuell"]),

    // MARK: What files of JSON are looked at with, and what of files goes into messages: host only
    .target(name: "QuellJSON"),

    // MARK: The importer: host only
    .systemLibrary(name: "CProtobuf", pkgConfig: "protobuf", providers: [.apt(["libonnx-dev", "libprotobuf-dev"])]),
    .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
    .target(
      name: "COnnx",
      dependencies: ["CProtobuf"],
      cxxSettings: [.define("ONNX_NAMESPACE", to: "onnx"), .define("ONNX_ML", to: "1")],
      linkerSettings: [.linkedLibrary("onnx"), .linkedLibrary("onnx_proto")]),
    .target(name: "CConversion"),
    .target(name: "QuellImport", dependencies: ["CConversion", "COnnx", "CQuell", "CZlib", "Quell", "QuellJSON"]),

    // MARK: The importer for other languages
    .target(name: "CQuellImport", dependencies: ["CQuell"]),
    .target(name: "QuellImportLibrary", dependencies: ["CQuell", "CQuellImport", "Quell", "QuellCost", "QuellImport"]),

    // MARK: What work costs on devices: host only
    .target(name: "QuellDrawing"),
    .target(name: "QuellCost", dependencies: ["Quell", "QuellDrawing", "QuellJSON"]),

    // MARK: Calibration: host only
    .target(name: "CCalibration"),
    .target(name: "QuellCalibration", dependencies: ["CCalibration", "CQuell", "Quell", "QuellImport"]),

    // MARK: The command
    .executableTarget(
      name: "QuellTool",
      dependencies: [
        "CQuell", "Quell", "QuellCalibration", "QuellCost", "QuellDrawing", "QuellImport", "QuellJSON",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ]),

    // MARK: Tests
    .target(name: "RandomNumbers", path: "Tests/RandomNumbers"),
    .testTarget(name: "QuellTests", dependencies: ["CQuell", "Quell", "RandomNumbers"]),
    .testTarget(name: "QuellJSONTests", dependencies: ["QuellJSON"]),
    .testTarget(name: "QuellImportTests", dependencies: ["CQuell", "Quell", "QuellImport", "RandomNumbers"], exclude: ["Fixtures"]),
    .testTarget(name: "QuellCalibrationTests", dependencies: ["Quell", "QuellCalibration", "QuellImport"], exclude: ["Fixtures"]),
    .testTarget(name: "QuellCostTests", dependencies: ["Quell", "QuellCost", "QuellDrawing", "RandomNumbers"]),
    .testTarget(name: "QuellToolTests", dependencies: ["Quell", "QuellTool"], exclude: ["Fixtures"]),
    .testTarget(
      name: "QuellFileTests",
      dependencies: ["Quell", "QuellCalibration", "QuellCost", "QuellImport", "QuellTool", "RandomNumbers"]),
  ],
  swiftLanguageModes: [.v6],
  cxxLanguageStandard: .cxx17
)
