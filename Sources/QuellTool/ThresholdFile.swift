import Foundation
import Quell
import QuellCost

/// The thresholds of a model as a JSON file, documented in docs/THRESHOLDS.md.
struct ThresholdFile: Codable {
  private static let formatName = "quell-thresholds"
  private static let currentVersion = 1

  /// One site of the model.
  struct SiteThreshold: Codable {
    let name: String
    let kind: String
    let theta: Float
    /// The fraction of the site's inputs that was quiet on the calibration text.
    let sparsity: Double
  }

  let format: String
  let version: Int
  /// 16 hexadecimal digits.
  let modelFingerprint: String
  let method: String
  /// The sparsity that was asked for, or that was reached where something else was.
  let sparsity: Double
  let calibrationTokens: UInt64
  let sites: [SiteThreshold]

  /// The file for what a calibration found.
  init(_ calibration: Calibration, of model: Model) {
    format = ThresholdFile.formatName
    version = ThresholdFile.currentVersion
    modelFingerprint = ThresholdFile.digits(model.fingerprint)
    method = calibration.method
    sparsity = calibration.sparsity
    calibrationTokens = calibration.tokenCount
    sites = model.sites.indices.map { index in
      SiteThreshold(
        name: model.sites[index].name, kind: model.sites[index].kind, theta: calibration.thresholds[index],
        sparsity: calibration.siteSparsity[index])
    }
  }

  /// Reads a file and returns its thresholds in the order of the model's sites; refuses one that was not made for this model.
  static func thresholds(fromFile path: String, for model: Model) throws -> [Float] {
    try read(path).thresholds(for: model, path)
  }

  /// Reads a file, whatever model it was made for.
  static func read(_ path: String) throws -> ThresholdFile {
    let bytes = Data(try Files.read(path))
    do {
      let header = try decoder.decode(Header.self, from: bytes)
      guard header.format == formatName else { throw malformed(path, "its format is '\(header.format)', not '\(formatName)'") }
      guard header.version == currentVersion else {
        throw CommandFailure(.unsupported, "'\(path)' is of version \(header.version); this Quell reads version \(currentVersion)")
      }
      return try decoder.decode(ThresholdFile.self, from: bytes)
    } catch let error as DecodingError {
      throw malformed(path, error.reason)
    }
  }

  /// What is read before the rest, which another version may have changed.
  private struct Header: Codable {
    let format: String
    let version: Int
  }

  /// Whether the file was made for a model.
  func belongs(to model: Model) -> Bool { modelFingerprint == ThresholdFile.digits(model.fingerprint) }

  /// The thresholds in the order of a model's sites; refuses a model that the file, which was read from `path`, is not for.
  func thresholds(for model: Model, _ path: String) throws -> [Float] {
    guard belongs(to: model) else {
      throw ThresholdFile.malformed(path, "it was made for another model; calibrate this one")
    }
    var thetas: [String: Float] = [:]
    for site in sites {
      guard site.theta.isFinite, site.theta.sign == .plus else {
        throw ThresholdFile.malformed(path, "the theta of site '\(site.name)' is not a number of at least 0")
      }
      guard thetas.updateValue(site.theta, forKey: site.name) == nil else {
        throw ThresholdFile.malformed(path, "site '\(site.name)' stands twice")
      }
    }
    let thresholds = try model.sites.map { site in
      guard let theta = thetas.removeValue(forKey: site.name) else {
        throw ThresholdFile.malformed(path, "site '\(site.name)' of the model is missing")
      }
      return theta
    }
    if let extra = thetas.keys.min() { throw ThresholdFile.malformed(path, "site '\(extra)' is none of the model's") }
    return thresholds
  }

  /// The fraction of each site's inputs that was quiet, in the order of a model's sites, which ``thresholds(for:_:)`` has checked.
  func siteSparsity(for model: Model) -> [Double] {
    let fractions = Dictionary(sites.map { ($0.name, $0.sparsity) }) { first, _ in first }
    return model.sites.map { fractions[$0.name] ?? 0 }
  }

  private static var decoder: JSONDecoder {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    return decoder
  }

  /// A fingerprint as it stands in a file.
  static func digits(_ fingerprint: UInt64) -> String {
    fingerprintDigits(fingerprint)
  }

  private static func malformed(_ path: String, _ why: String) -> CommandFailure {
    CommandFailure(.malformed, "'\(path)' is no threshold file for this model: \(why)")
  }
}

extension DecodingError {
  /// What is wrong, and at which key.
  fileprivate var reason: String {
    switch self {
    case .keyNotFound(let key, _): "the key '\(key.stringValue)' is missing"
    case .typeMismatch(_, let context), .valueNotFound(_, let context): "\(DecodingError.place(context)) has the wrong type"
    case .dataCorrupted(let context) where context.codingPath.isEmpty: "it is not JSON"
    case .dataCorrupted(let context): "\(DecodingError.place(context)) cannot be read: \(context.debugDescription)"
    @unknown default: "it cannot be read"
    }
  }

  private static func place(_ context: DecodingError.Context) -> String {
    "'" + context.codingPath.map { $0.intValue.map { "[\($0)]" } ?? $0.stringValue }.joined(separator: ".") + "'"
  }
}
