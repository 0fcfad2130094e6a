import Foundation
import Quell
import QuellCost
import QuellJSON

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
    /// The fraction of its inputs that the method meant to keep.
    var density: Double?
    /// The tensor of the model that its program subtracts from the site's vector, and the one that it multiplies it by, before theta.
    var centre: String?
    var scale: String?
    var statistics: Statistics?
  }

  /// The magnitudes of a site's inputs in the dense model.
  struct Statistics: Codable {
    /// The fraction that is exactly zero.
    let zeros: Double
    let median: Double
    let percentile90: Double
    let percentile99: Double

    private enum CodingKeys: String, CodingKey {
      case zeros, median
      case percentile90 = "p90"
      case percentile99 = "p99"
    }
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
        sparsity: calibration.siteSparsity[index], statistics: calibration.statistics?[index])
    }
  }

  /// Reads a file and returns its thresholds in the order of the model's sites; refuses one that was not made for this model.
  static func thresholds(fromFile path: String, for model: Model) throws -> [Float] {
    try read(path).thresholds(for: model, path)
  }

  /// Reads a file, whatever model it was made for.
  static func read(_ path: String) throws -> ThresholdFile {
    let bytes = Data(try Files.read(path))
    if let fault = bytes.withUnsafeBytes({ JSONSyntax.fault(in: $0) }) { throw malformed(path, fault.description) }
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
    var entries: [String: SiteThreshold] = [:]
    for site in sites {
      guard entries.updateValue(site, forKey: site.name) == nil else {
        throw ThresholdFile.malformed(path, "site '\(site.name)' stands twice")
      }
    }
    let vectors = Dictionary(model.tensors.filter { $0.rows == 1 }.map { ($0.name, $0.columns) }) { first, _ in first }
    let thresholds = try model.sites.map { site in
      guard let entry = entries.removeValue(forKey: site.name) else {
        throw ThresholdFile.malformed(path, "site '\(site.name)' of the model is missing")
      }
      if let reason = entry.reasonAgainst(site, vectors) { throw ThresholdFile.malformed(path, reason) }
      return entry.theta
    }
    if let extra = entries.keys.min() { throw ThresholdFile.malformed(path, "site '\(extra)' is none of the model's") }
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

extension ThresholdFile.SiteThreshold {
  /// What is wrong with the entry of a site, if anything is; `vectors` has the lengths of the model's vectors by their names.
  fileprivate func reasonAgainst(_ site: SiteDescription, _ vectors: [String: Int]) -> String? {
    guard theta.isFinite, theta.sign == .plus else { return "the theta of site '\(name)' is not a number of at least 0" }
    guard kind == site.kind else { return "the kind of site '\(name)' is '\(kind)', not '\(site.kind)'" }
    let fractions = [("sparsity", sparsity), ("density", density), ("statistics.zeros", statistics?.zeros)]
    for (key, fraction) in fractions where fraction.map({ !(0...1).contains($0) }) ?? false {
      return "the \(key) of site '\(name)' is not a fraction from 0 to 1"
    }
    let magnitudes = [
      ("median", statistics?.median), ("p90", statistics?.percentile90), ("p99", statistics?.percentile99),
    ]
    for (key, magnitude) in magnitudes where magnitude.map({ !($0 >= 0 && $0.isFinite) }) ?? false {
      return "the statistics.\(key) of site '\(name)' is not a number of at least 0"
    }
    for (key, vector) in [("centre", centre), ("scale", scale)] {
      guard let vector else { continue }
      guard vectors[vector] == site.inputs else {
        return "the \(key) of site '\(name)' is '\(vector)', but the model has no vector of that name and of length \(site.inputs)"
      }
    }
    return nil
  }
}

extension DecodingError {
  /// What is wrong, and at which key.
  fileprivate var reason: String {
    switch self {
    case .keyNotFound(let key, _): "the key '\(key.stringValue)' is missing"
    case .typeMismatch(_, let context), .valueNotFound(_, let context): "\(DecodingError.place(context)) has the wrong type"
    case .dataCorrupted(let context) where context.codingPath.isEmpty: "it holds a number that does not fit where it stands"
    case .dataCorrupted(let context): "\(DecodingError.place(context)) cannot be read: \(context.debugDescription)"
    @unknown default: "it cannot be read"
    }
  }

  private static func place(_ context: DecodingError.Context) -> String {
    "'" + context.codingPath.map { $0.intValue.map { "[\($0)]" } ?? $0.stringValue }.joined(separator: ".") + "'"
  }
}
