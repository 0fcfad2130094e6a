// swift-tools-version:6.2
import PackageDescription

let package = Package(
  name: "generate",
  dependencies: [.package(name: "quell", path: "../..")],
  targets: [
    .executableTarget(name: "generate", dependencies: [.product(name: "Quell", package: "quell")])
  ],
  swiftLanguageModes: [.v6]
)
