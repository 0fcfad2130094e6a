import Foundation
import Quell
import QuellImport

/// The models of the examples, imported once, with what an independent implementation of the sequential search finds on them
/// (Tests/Scripts/search_fixtures.py).
enum ShippedModel: String, CaseIterable {
  case recurrent = "rwkv4-tiny"
  case transformer = "opt-tiny"

  /// What the search finds.
  struct Reference: Decodable {
    struct Site: Decodable {
      let name: String
      let density: Double
      let theta: Float
      let loss: Double
    }

    let windows: [[UInt32]]
    let lossIncrease: Double
    let denseLoss: Double
    let evaluations: Int
    let sites: [Site]
  }

  private static let package = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()
  private static let models: [ShippedModel: Model] = Dictionary(uniqueKeysWithValues: allCases.map { ($0, $0.importModel()) })

  /// The imported model.
  var model: Model { ShippedModel.models[self]! }

  var reference: Reference {
    get throws {
      let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Fixtures/\(rawValue).json")
      let decoder = JSONDecoder()
      decoder.keyDecodingStrategy = .convertFromSnakeCase
      return try decoder.decode(Reference.self, from: Data(contentsOf: file))
    }
  }

  /// Windows of several lengths: some shorter than what is worked on at a time, some no multiple of it.
  var unevenWindows: [ArraySlice<UInt32>] {
    get throws {
      let windows = try reference.windows
      let lengths = [2, 33, 7]
      return zip(windows, lengths).map { $0.prefix($1) } + [(windows[3] + windows[4])[...]]
    }
  }

  private func importModel() -> Model {
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("quell-calibration-\(UUID().uuidString).gguf").path
    let source = ShippedModel.package.appendingPathComponent("Examples/Models/\(rawValue)/model.onnx").path
    try! importONNX(from: source, to: path)
    // The model stays mapped after its file has lost its name.
    defer { try? FileManager.default.removeItem(atPath: path) }
    return try! Model(path: path)
  }
}
